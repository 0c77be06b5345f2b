"""A Spark stream of your own: summarizes each new text file of a folder with `summarize_frame`, without Kafka.

    python examples/stream_job.py notes summaries

Each start summarizes the files that are new since the last one, and ends; with `processingTime` instead of
`availableNow` the query waits for more. What is done stands in `summaries/_checkpoint`. Spark knows a file by its path
and reads it once: move finished files into the folder, and give a changed text a new name. A query that is killed
summarizes the files of its last micro-batch again; the data set has each row once for readers that are Spark.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col
from pyspark.sql.streaming.query import StreamingQuery

from streaming import summarize_frame


def start(spark: SparkSession, folder: str, output: str) -> StreamingQuery:
    """Start the query from the text files in `folder` to the Parquet data set `output`."""
    files = spark.readStream.option("pathGlobFilter", "*.txt").option("maxFilesPerTrigger", 100)
    documents = files.text(folder, wholetext=True).select(
        col("_metadata.file_name").alias("id"), col("value").alias("text")
    )
    results = summarize_frame(documents).writeStream.option("checkpointLocation", f"{output}/_checkpoint")
    return results.trigger(availableNow=True).start(output, format="parquet")


def main(folder: str, output: str) -> None:
    """Summarize the new files of `folder`, and print how many summaries `output` has."""
    spark = SparkSession.builder.master("local[*]").appName("summaries").getOrCreate()
    start(spark, folder, output).awaitTermination()
    print(f"Summaries in {output}: {spark.read.parquet(output).where('error is null').count()}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
