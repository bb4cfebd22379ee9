"""Leases in SQL against the model of the unit tests."""

import asyncio

from hypothesis import settings as hypothesis_settings

from services._harness.sql.database import Database
from services.matchmaker.store import LeaderStore
from services.matchmaker.stores.sql_leaders import SqlLeaders
from services.matchmaker.stores.sql_leases import SqlLeases
from tests.unit.matchmaker.rating.test_leases import Book, Leases


class SqlBook(Book):
    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.database = Database("sqlite://")
        self.runner.run(self.database.migrate("services.matchmaker"))
        super().__init__(SqlLeases(self.database), self.runner.run)

    @property
    def leaders(self) -> LeaderStore:
        return SqlLeaders(self.database)

    def close(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()


class SqlLeasesModel(Leases):
    def make_book(self) -> Book:
        return SqlBook()

    def teardown(self) -> None:
        assert isinstance(self.book, SqlBook)
        self.book.close()


TestSqlLeases = SqlLeasesModel.TestCase
TestSqlLeases.settings = hypothesis_settings(max_examples=10, stateful_step_count=20, deadline=None)
