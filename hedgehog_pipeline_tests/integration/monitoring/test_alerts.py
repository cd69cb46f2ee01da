"""Alerts reach the subscribers of the topic."""

import json
from datetime import datetime, timezone

import boto3
import pytest

from hedgehog_pipeline.monitoring.alerts import Alert, publish
from hedgehog_pipeline_tests.support.servers import Servers

_ALERT = Alert(
    "shop failing",
    "The shop cannot be reached; start it.",
    datetime(2026, 6, 1, 9, tzinfo=timezone.utc),
    "http://ui/runs",
)


@pytest.mark.usefixtures("servers")
def test_an_alert_arrives_with_its_message() -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"])
    publish(_ALERT, topic)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert body["Subject"] == "Hedgehog: shop failing"
    assert body["Message"] == str(_ALERT)


def test_without_a_topic_an_alert_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    publish(_ALERT, None)
    assert "The shop cannot be reached; start it." in caplog.text


def test_a_topic_that_refuses_an_alert_raises_no_error(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    assert servers.aws.running
    publish(_ALERT, "arn:aws:sns:eu-west-2:123456789012:nobody")
    assert "refused the alert" in caplog.text
