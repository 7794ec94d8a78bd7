"""Elasticsearch's own client for Python against Curfew: URL and API key in, what it was told out, as JSON.

usage: elasticsearch_client.py URL KEY < records.ndjson
"""
import base64
import json
import sys

import elasticsearch
from elasticsearch import helpers

url, key = sys.argv[1:]
patience = {"timeout" if elasticsearch.__version__[0] < 8 else "request_timeout": 60}
client = elasticsearch.Elasticsearch(url, api_key=base64.b64encode(("test:" + key).encode()).decode(),
                                     http_compress=True, **patience)
info = client.info()
records = [json.loads(line) for line in sys.stdin if line.strip()]
taken, errors = helpers.bulk(client, ({"_op_type": "create", "_index": "winlogbeat", "_source": one} for one in records),
                             raise_on_error=False)
print(json.dumps({"version": info["version"]["number"], "client": elasticsearch.__versionstr__, "taken": taken,
                  "refused": [one["create"]["status"] for one in errors]}))
