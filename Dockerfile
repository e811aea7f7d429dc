# The registry as one small image: built in the first stage, run in the second by a user without rights.
#
#   docker build -t stop-registry .                                      with a PostgreSQL elsewhere (DATABASE_URL)
#   docker build -t stop-registry --build-arg EXTRAS="[embedded]" .      with PostgreSQL inside, kept in /data
#   docker build -t stop-registry --build-arg EXTRAS="[report]" .        whose exports hold the report as a PDF
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -v registry:/data -p 8000:8000 stop-registry

FROM python:3.11-slim-bookworm AS build
ARG EXTRAS=""
WORKDIR /src
COPY pyproject.toml README.md ./
COPY app ./app
COPY sql ./sql
RUN python -m venv /opt/stop-registry \
 && /opt/stop-registry/bin/pip install --no-cache-dir ".${EXTRAS}" \
 && /opt/stop-registry/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
# PostgreSQL asks the system for the name of its user, so the number has one. Nothing may gain rights by running.
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin registry \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=build /opt/stop-registry /opt/stop-registry
# The root file system is read only: whatever is written goes to /data.
ENV PATH="/opt/stop-registry/bin:${PATH}" \
    HOME=/data \
    TMPDIR=/data \
    STOP_REGISTRY_DATA_DIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/health/live'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["stop-registry"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
