# Two stages: the first builds a virtual environment, the second is Python and that environment alone.
# Nothing of the base image is used but python3 3.13 with venv and pip.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python3 -m venv /opt/vats1c
COPY requirements.txt ./
RUN /opt/vats1c/bin/python -m pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY wsdl ./wsdl
COPY src ./src
# Compiled here: a read-only root cannot be written to at the first start.
RUN /opt/vats1c/bin/python -m pip install --no-deps . \
    && /opt/vats1c/bin/python -m compileall -q /opt/vats1c/lib \
    && mkdir /data /etc/vats1c


FROM python:3.13-slim

COPY --from=build /opt/vats1c /opt/vats1c
COPY --from=build --chown=10001:10001 /data /data
COPY --from=build /etc/vats1c /etc/vats1c

# Temporary data goes where writing is allowed when the root is read-only.
ENV PATH=/opt/vats1c/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/data \
    VATS1C_DATA=/data \
    VATS1C_LISTEN=0.0.0.0:8080

# A vats1c.toml mounted here is found.
WORKDIR /etc/vats1c
VOLUME ["/data"]
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["vats1c", "healthcheck"]
ENTRYPOINT ["vats1c"]
CMD ["serve"]
