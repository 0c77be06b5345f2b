"""A folder that is watched for days: what is new or changed in it becomes documents, each version of a file once.

    events, scan  ->  settling  ->  delivery  ->  moving
    what changed      not half      to Kafka,     to --done and
                      written       noted         --failed

`watch` is the loop over these. `state` holds what was sent, beside the other data of the data dir.
"""
