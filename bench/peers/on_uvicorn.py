"""A WSGI application on uvicorn as it comes, with httptools and uvloop: for bench/servers.py."""

from io import BytesIO

import uvicorn


def serve(application, port, login):
    """Serve those who have the `login` (the Authorization header) until SIGTERM or SIGINT."""

    async def asgi(scope, receive, send):
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("authorization") != login:
            await send({"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Basic")]})
            await send({"type": "http.response.body", "body": b""})
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        environ = {
            "REQUEST_METHOD": scope["method"],
            "PATH_INFO": scope["path"],
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
        said = []
        pieces = application(environ, lambda status, fields: said.extend([int(status[:3]), fields]))
        fields = [(name.lower().encode(), value.encode()) for name, value in said[1]]
        await send({"type": "http.response.start", "status": said[0], "headers": fields})
        await send({"type": "http.response.body", "body": b"".join(pieces)})

    uvicorn.run(
        asgi,
        host="127.0.0.1",
        port=port,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_level="error",
        access_log=False,
        backlog=1_024,
        timeout_graceful_shutdown=15,
    )
