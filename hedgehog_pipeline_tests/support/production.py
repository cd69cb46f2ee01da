"""A deployment with the AWS configuration of Dagster, on the servers of the tests."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from hedgehog_pipeline_tests.support.repository_files import DEPLOY
from hedgehog_pipeline_tests.support.world import World

_NUMBERS = count()


@dataclass(frozen=True)
class Production:
    """A world with a log group, a topic, and storage for Dagster.

    Attributes:
        home: DAGSTER_HOME, with only the production `dagster.yaml` in it.
        output_bucket: the bucket for the output of runs.
        queue: receives the messages of the topic.
    """

    world: World
    home: Path
    output_bucket: str
    queue: str

    @classmethod
    @contextmanager
    def make(cls, world: World, home: Path, patch: pytest.MonkeyPatch) -> Iterator["Production"]:
        name = f"production{next(_NUMBERS)}"
        world.servers.make_bucket(name)
        boto3.client("logs").create_log_group(logGroupName=name)
        topic = boto3.client("sns").create_topic(Name=name)["TopicArn"]
        settings = replace(world.settings, log_group=name, alert_topic=topic)
        shutil.copy(DEPLOY / "dagster.yaml", home)
        for variable, value in _environment(world, name, home).items():
            patch.setenv(variable, value)
        yield cls(replace(world, settings=settings), home, name, _queue_of(topic, name))

    def output_of(self, run: str) -> str:
        """Read the output of a run."""
        s3 = boto3.client("s3")
        keys = [key for key in self.world.keys(self.output_bucket) if run in key]
        bodies = [s3.get_object(Bucket=self.output_bucket, Key=key)["Body"] for key in keys]
        return "".join(body.read().decode() for body in bodies)

    def lines(self) -> list[dict[str, Any]]:
        """Read the lines of the log group."""
        client = boto3.client("logs")
        group = self.world.settings.log_group
        streams = client.describe_log_streams(logGroupName=group)["logStreams"]
        return [
            json.loads(event["message"])
            for stream in streams
            for event in client.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def alerts(self) -> list[dict[str, Any]]:
        """Receive the messages of the topic."""
        messages = boto3.client("sqs").receive_message(QueueUrl=self.queue).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]


def _environment(world: World, name: str, home: Path) -> Mapping[str, str]:
    with psycopg.connect(world.servers.postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} owner writer").format(sql.Identifier(name)))
    server = conninfo_to_dict(world.servers.postgres.dsn(name, user="writer", password="writer"))
    boto3.client("ecs").register_task_definition(
        family=name,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "run", "image": "hedgehog", "cpu": 256, "memory": 512}],
    )
    return {
        "DAGSTER_HOME": str(home),
        "DAGSTER_POSTGRES_HOST": str(server["host"]),
        "DAGSTER_POSTGRES_PORT": str(server["port"]),
        "DAGSTER_POSTGRES_DB": name,
        "DAGSTER_POSTGRES_USER": "writer",
        "DAGSTER_POSTGRES_PASSWORD": "writer",
        "DAGSTER_OUTPUT_BUCKET": name,
        "DAGSTER_RUN_TASK_DEFINITION": name,
    }


def _queue_of(topic: str, name: str) -> str:
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )
    return queue
