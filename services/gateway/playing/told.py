"""What a player is told, as JSON."""

from __future__ import annotations

import base64
from typing import Any

from mazemesh.v1 import game_pb2 as game
from mazemesh.v1 import matchmaker_pb2 as matchmaker
from services.gateway.playing.seating import Seat


def queued(news: matchmaker.FindMatchResponse) -> dict[str, Any]:
    """How the search goes."""
    told = news.queued
    return {
        "type": "queued",
        "ticket_id": news.ticket_id,
        "since_time": told.since_time.ToJsonString(),
        "rating": told.rating,
        "window": told.window,
        "tickets_waiting": told.tickets_waiting,
    }


def joined(message: game.SeatJoined, seat: Seat) -> dict[str, Any]:
    """The game, the seat, and how to come back to it."""
    spec = message.spec
    return {
        "type": "joined",
        "game_id": message.game_id,
        "seat": message.seat,
        "participants": list(message.participants),
        "seat_token": seat.token,
        "game_address": seat.game_address,
        "spec": view_of(spec),
    }


def view_of(spec: game.GameSpec) -> dict[str, Any]:
    """What a board needs to know of a game: its size, and what stands where in an observation."""
    settings = spec.settings
    return {
        "game": spec.name,
        "ladder": spec.ladder,
        "width": settings.width,
        "height": settings.height,
        "view": settings.view,
        "line_of_sight": settings.line_of_sight,
        "step_limit": spec.step_limit,
        "seats": spec.seats,
        "num_actions": spec.num_actions,
        "observation_size": spec.observation_size,
        "layout": [
            {"name": field.name, "offset": field.offset, "shape": list(field.shape)}
            for field in spec.layout
        ],
    }


def turn(message: game.Turn) -> dict[str, Any]:
    """A move is due."""
    return {
        "type": "turn",
        "step": message.step,
        "observation": base64.b64encode(message.observation).decode(),
        "action_mask": list(message.action_mask),
        "reward": message.reward,
        "deadline_time": message.deadline_time.ToJsonString(),
    }


def finished(message: game.GameFinished) -> dict[str, Any]:
    """How it ended."""
    return {
        "type": "finished",
        "scores": list(message.scores),
        "steps": message.steps,
        "truncated": message.truncated,
        "successes": list(message.successes),
    }
