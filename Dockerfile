# The app on a CPU, for whoever can reach this computer alone:
#
#   docker build --tag gaf-explorer --build-arg TORCH_INDEX=ADDRESS .
#   docker run --rm --publish 127.0.0.1:8501:8501 gaf-explorer
#
# ADDRESS is the index that https://pytorch.org/get-started/locally/ names for "CPU" and pip on Linux. Without it, what
# pip brings on x86-64 is the CUDA build: it works, and takes several GB (requirements.txt).
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 gaf
USER gaf
WORKDIR /home/gaf
ENV PATH=/home/gaf/venv/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1

# Owned by the user that runs the app: compiled code is kept beside the package.
RUN python -m venv venv
COPY --chown=gaf requirements.txt source/
ARG TORCH_INDEX=
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep '^torch==' source/requirements.txt)"
RUN pip install --requirement source/requirements.txt
COPY --chown=gaf . source/
RUN pip install "./source[all]"
# For the processor that builds the image; the first solve on another kind compiles anew, about 20 seconds.
RUN python -m gaf_core.flow

# 0.0.0.0 is every address of the container, which nobody reaches but by a port that is published.
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["gaf", "app", "--server.headless=true", "--server.address=0.0.0.0", "--server.port=8501"]
