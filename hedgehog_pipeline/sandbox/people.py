"""Realistic people, companies, addresses and designs, the same ones for the same seed."""

import random
import re
import unicodedata

from faker import Faker

_LOCALES = ("en_GB", "de_DE", "fr_FR", "pl_PL")
_MATERIALS = ("Wooden", "Steel", "Granite", "Cotton", "Bronze", "Soft", "Rubber", "Frozen", "Fresh")
_FOLDERS = ("/lib", "/etc/periodic", "/System", "/usr/local/src", "/opt/sbin", "/home/user dir")

# Quotes, commas and letters beyond ASCII, which break careless CSV and SQL code.
_AWKWARD_COMPANIES = (
    "O'Hara, Lind and Sons",
    'Müller "Nordwind" Spedition GmbH',
    "Société d'Étude, Łódź & Çelik",
)


class People:
    """Generates reference data of the shop, as values of the columns of each table."""

    def __init__(self, seed: int) -> None:
        """Two instances with the same seed return the same names in the same order."""
        self._random = random.Random(seed)  # noqa: S311  nothing secret
        self._awkward = list(_AWKWARD_COMPANIES)
        self._fakers = [Faker(locale) for locale in _LOCALES]
        for faker in self._fakers:
            faker.seed_instance(seed)

    def address(self) -> dict[str, str | None]:
        """Return the columns of an `address`."""
        faker = self._faker()
        return {
            "address_line_1": faker.street_address().replace("\n", ", "),
            "address_line_2": self._perhaps(0.1, faker.street_name()),
            "district": self._perhaps(0.4, f"{faker.last_name()}shire"),
            "city": faker.city(),
            "postal_code": faker.postcode(),
            "country": faker.country(),
            "phone": f"{self._random.randrange(10_000):04} {self._random.randrange(1_000_000):06}",
        }

    def counterparty(self) -> dict[str, str | None]:
        """Return the columns of a `counterparty`, without its address."""
        faker = self._faker()
        return {
            "counterparty_legal_name": self._awkward.pop() if self._awkward else faker.company(),
            "commercial_contact": self._perhaps(0.9, faker.name()),
            "delivery_contact": self._perhaps(0.9, faker.name()),
        }

    def staff(self) -> dict[str, str]:
        """Return the columns of a `staff` row, without the department."""
        faker = self._faker()
        first, last = faker.first_name(), faker.last_name()
        plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
        address = re.sub(r"[^a-z.]", "", plain.lower())
        return {
            "first_name": first,
            "last_name": last,
            "email_address": f"{address}@terrifictotes.com",
        }

    def design(self) -> dict[str, str]:
        """Return the columns of a `design`."""
        material = self._random.choice(_MATERIALS)
        day = f"202{self._random.randrange(4)}{self._random.randrange(1, 13):02}15"
        code = f"{self._random.randrange(36**4):x}"
        return {
            "design_name": material,
            "file_location": self._random.choice(_FOLDERS),
            "file_name": f"{material.lower()}-{day}-{code}.json",
        }

    def _faker(self) -> Faker:
        return self._random.choice(self._fakers)

    def _perhaps(self, probability: float, text: str) -> str | None:
        return text if self._random.random() < probability else None
