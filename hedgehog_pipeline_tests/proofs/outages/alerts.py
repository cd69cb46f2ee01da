"""The alerts of the SNS topic, as a subscriber receives them."""

import json

import boto3

from hedgehog_pipeline.sandbox.aws import topic_arn
from hedgehog_pipeline.sandbox.clients import client_arguments


class Alerts:
    """A queue that is subscribed to the topic from now on."""

    def __init__(self, endpoint: str, keys: tuple[str, str], name: str) -> None:
        arguments = client_arguments(endpoint, *keys)
        self._queues = boto3.client("sqs", **arguments)
        self._queue = self._queues.create_queue(QueueName=name)["QueueUrl"]
        arn = self._queues.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        boto3.client("sns", **arguments).subscribe(
            TopicArn=topic_arn("hedgehog-alerts"),
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
        )
        self._subjects: list[str] = []

    def subjects(self) -> list[str]:
        """Return the subjects of all alerts until now."""
        answer = self._queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self._subjects.append(json.loads(message["Body"])["Subject"])
            self._queues.delete_message(
                QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return self._subjects
