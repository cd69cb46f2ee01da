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
    """Texts by name, through an SSM client; a prefix with or without its last slash."""

    client: SSMClient
    prefix: str

    def read(self, name: str) -> str | None:
        """Give the text of a parameter, None where there is none.

        Raises:
            HedgehogError: where SSM refuses.
        """
        try:
            found = self.client.get_parameters(Names=[self._full(name)])["Parameters"]
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "give", name) from error
        return found[0].get("Value") if found else None

    def write(self, name: str, text: str) -> None:
        """Write a parameter unless it says so already.

        Raises:
            HedgehogError: where SSM refuses.
        """
        if self.read(name) == text:
            return
        try:
            self.client.put_parameter(
                Name=self._full(name), Value=text, Type="String", Overwrite=True
            )
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "take", name) from error

    def _full(self, name: str) -> str:
        return f"{self.prefix.rstrip('/')}/{name}"

    def _explained(self, error: Exception, verb: str, name: str) -> HedgehogError:
        return HedgehogError(
            f"SSM could not {verb} the parameter {self._full(name)}: {error} What is landed stays "
            "landed, and the next run tells SSM again; check the region and the rights."
        )
