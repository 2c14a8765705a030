"""moto's S3 server on a free port, with one empty bucket. Says the port; ends when its input ends."""

import os
import sys

os.environ.update(AWS_ACCESS_KEY_ID="test-key", AWS_SECRET_ACCESS_KEY="test-secret")

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-central-1")
s3.create_bucket(
    Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
)
print(port, flush=True)
# One line in, one line out: the headers that the bucket keeps with a file.
for key in sys.stdin:
    kept = s3.head_object(Bucket="pictures", Key=key.strip())
    print(f"{kept['ContentType']}; {kept['CacheControl']}", flush=True)
os._exit(0)
