# The learner, with torch for GPUs: docker run --gpus all mazemesh/learner learner --game race
# deploy/images/build makes it. Without PYTHON_DIGEST nothing is built: deploy/images/pin looks up what it is now.
ARG PYTHON_TAG=3.11-slim-bookworm
ARG PYTHON_DIGEST
FROM python:${PYTHON_TAG}@${PYTHON_DIGEST} AS build
ARG EXTRAS=aws,learner
ARG CYCLONEDX=7.5.0
COPY deploy/install constraints.txt /release/
COPY dist/*.whl /release/
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The script of machines; of what it does for systemd nothing is taken along.
RUN bash /release/install --wheel /release/*.whl --constraints /release/constraints.txt --extras "$EXTRAS" \
    && python -m venv /release/cyclonedx \
    && /release/cyclonedx/bin/pip --disable-pip-version-check install --no-cache-dir --quiet "cyclonedx-bom==$CYCLONEDX" \
    && /release/cyclonedx/bin/cyclonedx-py environment --output-reproducible --of JSON -o /opt/mazemesh/sbom.cdx.json /opt/mazemesh/bin/python

FROM python:${PYTHON_TAG}@${PYTHON_DIGEST}
ARG VERSION
LABEL org.opencontainers.image.title="mazemesh learner" org.opencontainers.image.version="$VERSION"
RUN useradd --uid 10001 --user-group --home-dir /var/lib/mazemesh --create-home --shell /usr/sbin/nologin mazemesh
COPY --from=build /opt/mazemesh /opt/mazemesh
COPY --chmod=755 deploy/images/entrypoint /usr/local/bin/mazemesh-entrypoint
ENV PATH=/opt/mazemesh/bin:$PATH NUMBA_CACHE_DIR=/opt/mazemesh/numba MAZEMESH_LOG_FORMAT=json \
    PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# It writes to /var/lib/mazemesh and /tmp alone, so the rest may be read-only.
USER 10001:10001
WORKDIR /var/lib/mazemesh
STOPSIGNAL SIGTERM
ENTRYPOINT ["mazemesh-entrypoint"]
