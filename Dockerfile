# One image for all parts of Tieout; docker-compose.yml says what each of them runs. No secret and no data are in it.
FROM python:3.11.13-slim-bookworm

# The image's root is read-only when it runs: nothing is compiled then, and what is temporary goes to /tmp.
ENV DBT_LOG_PATH=/tmp \
    HOME=/tmp \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1

WORKDIR /app

# The packages change seldom, the code often: the packages come first, with the command `tieout`, which finds the code
# by PYTHONPATH.
# For Celery or Kubernetes: --build-arg EXTRAS=postgres,s3,celery --build-arg LOCK=requirements-scale.lock
ARG EXTRAS=postgres
ARG LOCK=requirements.lock
COPY pyproject.toml requirements.lock requirements-scale.lock README.md ./
RUN pip install --constraint "$LOCK" setuptools \
    && pip install --constraint "$LOCK" --no-build-isolation ".[$EXTRAS]" \
    && rm -rf build *.egg-info

COPY .streamlit .streamlit
COPY apps apps
COPY config config
COPY dbt_project dbt_project
COPY deploy deploy
COPY orchestration orchestration
COPY state_store state_store
COPY transforms transforms
COPY tws tws
RUN python -m compileall -q . && mkdir -p dbt_project/target && install -d -m 1777 /dagster

USER 1000:1000
