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
# Once all is installed, pip has nothing to do in the image.
RUN /opt/vats1c/bin/python -m pip install --no-deps . \
    && /opt/vats1c/bin/python -m pip check \
    && /opt/vats1c/bin/python -m pip uninstall --yes pip


FROM python:3.13-slim

LABEL org.opencontainers.image.title="vats1c" \
      org.opencontainers.image.description="SOAP web service that stands where 1C would for the Mobilon virtual PBX" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=build /opt/vats1c /opt/vats1c
ENV PATH=/opt/vats1c/bin:$PATH \
    PYTHONUNBUFFERED=1
# The slim image has the standard library without bytecode, and a read-only root can keep none: importing the service
# here writes what it uses, which halves the time of a start and of a health check.
RUN vats1c healthcheck --help > /dev/null \
    && python3 -c "import vats1c.cli.demo, vats1c.cli.running, vats1c.app.application, vats1c.server" \
    && mkdir /data /etc/vats1c \
    && chown 10001:10001 /data

# Temporary data goes where writing is allowed when the root is read-only.
ENV TMPDIR=/data \
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
