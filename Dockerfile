# One image for all of Dagster's services and for the tasks that execute runs. It contains nothing of a
# deployment: that comes from the environment.
#
# 3.12.15, the index of all architectures, by its digest: `docker buildx imagetools inspect
# python:3.12-slim-bookworm` shows the current one.
FROM python:3.12-slim-bookworm@sha256:34386ef0cb081344d7ec1c103ba398e6e9f64e9ab3a1509accc92a4e24a07258

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DAGSTER_HOME=/opt/hedgehog

RUN --mount=type=bind,target=/src,readwrite \
    pip install --no-cache-dir --constraint /src/constraints.txt '/src[report]'

WORKDIR /opt/hedgehog
COPY deploy/dagster.yaml deploy/workspace.yaml ./

# The CA certificates of RDS.
RUN ["python", "-c", "from urllib.request import urlretrieve; urlretrieve('https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem', 'rds.pem')"]

# The root file system is read-only; a volume mounted here keeps the folder's permissions.
VOLUME /tmp
USER 10001:10001

EXPOSE 3000 4000
HEALTHCHECK --interval=60s --timeout=60s --start-period=180s \
    CMD ["python", "-m", "hedgehog_pipeline.healthcheck", "4000"]
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", "--module-name", "hedgehog_pipeline.definitions"]
