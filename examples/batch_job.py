"""A Spark batch job of your own: summarizes a folder of text files with `summarize_frame` and writes Parquet.

    python examples/batch_job.py notes summaries.parquet

It shows `summarize_frame` on a DataFrame, without Kafka and without streaming. The frame needs the columns `id` and
`text`; the result has a row for each row, and `error` says why a row has no summary. Keyword arguments are gistream's
settings (`max_tokens=100`, `model="model.gguf"`). On a cluster, leave out `master` and use `spark-submit`.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from streaming import summarize_frame


def main(folder: str, output: str) -> None:
    """Summarize each text file of `folder` into the Parquet data set `output`, and print the outcome."""
    spark = SparkSession.builder.master("local[*]").appName("summaries").getOrCreate()
    documents = spark.read.text(folder, wholetext=True, pathGlobFilter="*.txt").select(
        col("_metadata.file_name").alias("id"), col("value").alias("text")
    )
    # Every action on the result would run the model again, so write it first and read it from the files.
    summarize_frame(documents).write.mode("overwrite").parquet(output)
    summaries = spark.read.parquet(output)
    for row in summaries.orderBy("id").collect():
        print(f"{row['id']}: {row['summary'] if row['error'] is None else 'failed: ' + row['error']['message']}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
