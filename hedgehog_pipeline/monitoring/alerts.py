"""Alerts to an SNS topic: what failed, since when, what to do, and a link to the UI."""

import logging
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from hedgehog_pipeline.aws import clients as aws

_LOGGER = logging.getLogger(__name__)
_MAX_SUBJECT = 100
"""Characters that SNS accepts as the subject of an e-mail."""


@dataclass(frozen=True)
class Alert:
    """An alert for a person.

    Attributes:
        subject: what and where, in a few words.
        message: what happened and what to do.
        since: since when, aware UTC.
        link: the page of the UI to open.
    """

    subject: str
    message: str
    since: datetime
    link: str

    def __str__(self) -> str:
        """Write the body of the e-mail."""
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.message}\n\nSince: {since}\nLook at: {self.link}\n"


def publish(alert: Alert, topic: str | None) -> None:
    """Publish an alert to a topic, or log it where there is no topic.

    An alert that SNS refuses is logged as an error: alerting must not fail the run or sensor that
    it is about.
    """
    if topic is None:
        _LOGGER.warning("%s: %s", alert.subject, alert.message)
        return
    subject = f"Hedgehog: {alert.subject}"[:_MAX_SUBJECT]
    try:
        aws.client("sns").publish(TopicArn=topic, Subject=subject, Message=str(alert))
    except (ClientError, BotoCoreError):
        _LOGGER.exception("SNS refused the alert %r for the topic %s.", alert.subject, topic)
