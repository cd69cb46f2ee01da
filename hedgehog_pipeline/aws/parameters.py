"""The SSM parameters under the deployment's prefix."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from hedgehog_pipeline.errors import HedgehogError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
else:
    SSMClient = Any


@dataclass(frozen=True)
class Parameters:
    """Reads and writes SSM parameters by name; the prefix may end with a slash or not."""

    client: SSMClient
    prefix: str

    def read(self, name: str) -> str | None:
        """Return the text of a parameter, None if it does not exist.

        Raises:
            HedgehogError: if SSM refuses.
        """
        try:
            found = self.client.get_parameters(Names=[self._full(name)])["Parameters"]
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "read", name) from error
        return found[0].get("Value") if found else None

    def write(self, name: str, text: str) -> None:
        """Write a parameter, unless it has this text already.

        Raises:
            HedgehogError: if SSM refuses.
        """
        if self.read(name) == text:
            return
        try:
            self.client.put_parameter(
                Name=self._full(name), Value=text, Type="String", Overwrite=True
            )
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "write", name) from error

    def _full(self, name: str) -> str:
        return f"{self.prefix.rstrip('/')}/{name}"

    def _explained(self, error: Exception, verb: str, name: str) -> HedgehogError:
        return HedgehogError(
            f"SSM could not {verb} the parameter {self._full(name)}: {error} What is landed stays "
            "landed, and the next run writes the parameter again; check the region and the rights."
        )
