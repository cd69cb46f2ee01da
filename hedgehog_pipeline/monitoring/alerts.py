"""Alerts: what failed, where, since when, the run, and what to do, to an SNS topic."""

import logging
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from hedgehog_pipeline.aws import clients as aws

_LOGGER = logging.getLogger(__name__)
_MAX_SUBJECT = 100
"""Characters that SNS takes as the subject of an e-mail."""


@dataclass(frozen=True)
class Alert:
    """Something that a person should know.

    Attributes:
        subject: what and where, in a few words.
        message: the sentence that says what to do.
        since: since when, aware UTC.
        link: the page of the UI to look at.
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
    """Publish an alert to a topic, or log it where none is named.

    An alert that SNS does not take is logged as an error: it must not fail what it tells of.
    """
    if topic is None:
        _LOGGER.warning("%s: %s", alert.subject, alert.message)
        return
    subject = f"Hedgehog: {alert.subject}"[:_MAX_SUBJECT]
    try:
        aws.client("sns").publish(TopicArn=topic, Subject=subject, Message=str(alert))
    except (ClientError, BotoCoreError):
        _LOGGER.exception("SNS did not take the alert %r for the topic %s.", alert.subject, topic)
