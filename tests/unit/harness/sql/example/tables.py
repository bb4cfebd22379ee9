from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services._harness.sql.database import create_metadata


class Base(DeclarativeBase):
    metadata = create_metadata()


class Player(Base):
    __tablename__ = "players"

    name: Mapped[str] = mapped_column(primary_key=True)
    rating: Mapped[float] = mapped_column(server_default="1000")


class Result(Base):
    __tablename__ = "results"

    match_id: Mapped[str] = mapped_column(primary_key=True)
    player: Mapped[str] = mapped_column(ForeignKey("players.name", ondelete="CASCADE"))
