"""`mazemesh up`: everything on one machine, by one command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, errors_as_lines, seconds


def up(
    game: Annotated[
        str,
        typer.Option(help="Game to learn and to rate: race, gymnasium:CartPole-v1 (`games`)."),
    ] = "race",
    spaces: Annotated[
        Path | None,
        typer.Option(
            help="Of a game that a simulator plays (--game external:NAME): TOML file with what "
            "its agents see and do. There are no actors and evaluators then."
        ),
    ] = None,
    algorithm: Annotated[
        str,
        typer.Option(
            help="ppo, recurrent-ppo, mappo, impala, a2c, dqn, r2d2, sac, td3, ddpg or your own."
        ),
    ] = "ppo",
    name: Annotated[str, typer.Option(help="Name of the policy; default: the game's.")] = "",
    policies: Annotated[
        str,
        typer.Option(
            help="Several policies, each a learner that trains one role of the game: "
            "evader=pursuit-evader,hunter=pursuit-hunter. Default: what the file of "
            "--learner=--config=FILE says, else one policy for all seats."
        ),
    ] = "",
    duration: Annotated[
        str, typer.Option("--for", help="Stop by itself after so long: 180s, 5m, 2h.")
    ] = "",
    summary: Annotated[
        Path | None, typer.Option(help="Write a JSON summary to this file at the end.")
    ] = None,
    actors: Annotated[int, typer.Option(min=0, max=64, help="Actor processes.")] = 1,
    evaluators: Annotated[int, typer.Option(min=0, max=64, help="Evaluator processes.")] = 1,
    exploiters: Annotated[
        int,
        typer.Option(
            min=0,
            max=8,
            help="Main exploiters: each a learner and an actor that look for the policy's "
            "weaknesses, as NAME-exploiter; their snapshots enter its pool.",
        ),
    ] = 0,
    league: Annotated[
        bool,
        typer.Option(
            help="A league: main exploiters (one, or --exploiters of them) and a league exploiter, "
            "which plays all snapshots, start and stop by what the rated matches say is missing "
            "(`mazemesh league`)."
        ),
    ] = False,
    league_seconds: Annotated[
        float, typer.Option(min=1, help="How often the league is looked at.")
    ] = 10.0,
    games: Annotated[
        int | None, typer.Option(min=2, help="Games that each actor plays at once.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the run; default: fresh.")] = None,
    deterministic: Annotated[
        bool,
        typer.Option(
            help="One actor and the learner take turns: the same --seed gives the same learning "
            "curve on the same machine. Slower; --seed is 0 unless given."
        ),
    ] = False,
    foreign_games: Annotated[
        list[str] | None,
        typer.Option(
            help="A further foreign game that clients may ask for, by its exact name with "
            "arguments, or 'installed' for all that packages offer; may be repeated."
        ),
    ] = None,
    learner: Annotated[
        list[str] | None,
        typer.Option(help="A flag for the learner, as --learner=--threads=2; may be repeated."),
    ] = None,
    console: Annotated[
        bool,
        typer.Option(
            envvar="MAZEMESH_CONSOLE",
            help="The gateway: console, REST and WebSockets, at --port-base + 9 (behind the last "
            "of several --instances).",
        ),
    ] = True,
    plain: Annotated[bool, typer.Option(help="Lines instead of the dashboard.")] = False,
    data_dir: DataDir = DATA_DIR,
    port_base: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65531,
            help="Port of Game, which the others follow. Default: MAZEMESH_PORT_BASE, else 50051.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address that the services listen on.")] = "127.0.0.1",
    instances: Annotated[
        int,
        typer.Option(min=1, max=16, help="Of every service; several share --database."),
    ] = 1,
    database: Annotated[
        str,
        typer.Option(
            envvar="MAZEMESH_DATABASE_URL",
            show_envvar=True,
            help="postgresql://user:password@host/name; default: SQLite in the data folder. "
            "(The variable keeps the password out of the process list.)",
        ),
    ] = "",
    redis: Annotated[
        str,
        typer.Option(envvar="MAZEMESH_REDIS_URL", help="redis://host:port/0; default: memory."),
    ] = "",
    secure: Annotated[
        bool,
        typer.Option(
            help="TLS and keys on this machine: a CA and a certificate (certs/) and keys for the "
            "mesh's own processes (access/) are made in the data folder."
        ),
    ] = False,
    blobs: Annotated[
        str,
        typer.Option(
            envvar="MAZEMESH_BLOBS_URL",
            help="s3://bucket/prefix or a folder; default: the data folder.",
        ),
    ] = "",
    tls_cert: Annotated[
        Path | None,
        typer.Option(envvar="MAZEMESH_TLS_CERT", help="Certificate of the services (`certs`)."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(envvar="MAZEMESH_TLS_KEY", help="Its key.")
    ] = None,
    tls_ca: Annotated[
        Path | None, typer.Option(envvar="MAZEMESH_TLS_CA", help="The CA that signed it.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option(help="Listen beyond this machine without TLS and keys.")
    ] = False,
) -> None:
    """Run the whole mesh on this machine: services, actors, evaluators and a learner.

    It goes on where the data folder stopped. Ctrl-C stops it in order; what was learned is kept.
    With --instances there are several of each service, the second five ports above the first.
    """
    from mazemesh.starting import collector_at_rest

    with collector_at_rest():
        import asyncio

        from mazemesh.client.addresses import port_base_of_environment
        from mazemesh.games import Catalogue, open_game
        from mazemesh.games.foreign import policy_name
        from supervisor.running.layout import MeshPlan, Stores
        from supervisor.running.live import live

    with errors_as_lines():
        Catalogue(foreign_games or ())  # refuses a wrong name now, not in the Game service
        external = _external(game, spaces, league=league, exploiters=exploiters)
        if external:
            actors = evaluators = 0
        if league:
            exploiters = max(exploiters, 1)
            _check_rated(evaluators)
        if deterministic and not external:
            _check_one_actor(actors, exploiters)
        if exploiters:
            _check_opponents(game)
        named = _policies(game, policies, learner or (), name)
        if named and (exploiters or deterministic):
            _refuse_with_policies(policies, exploiters=exploiters)
        base = port_base or port_base_of_environment()
        if instances > 1:
            _check_shared(instances, database, base)
        if console:
            _check_room(base, instances)
        plan = MeshPlan(
            data_dir=data_dir.expanduser().absolute(),
            host=host.removeprefix("[").removesuffix("]"),
            port_base=base,
            game=game if external else open_game(game).name,
            policy=next(iter(named.values()), name or policy_name(game)),
            policies=named,
            algorithm=algorithm,
            actors=actors,
            evaluators=evaluators,
            exploiters=exploiters,
            league=league,
            league_seconds=league_seconds,
            seed=0 if deterministic and seed is None else seed,
            foreign_games=tuple(foreign_games or ()),
            actor_flags=() if games is None else ("--games", str(games)),
            learner_flags=(
                *(("--lockstep",) if deterministic else ()),
                *external,
                *(learner or ()),
            ),
            instances=instances,
            console=console,
            secure=secure,
            stores=Stores(database, redis, blobs),
        )
        if secure:
            _check_own(host, insecure=insecure, given=tls_cert or tls_key or tls_ca)
        _secure(insecure, tls_cert=tls_cert, tls_key=tls_key, tls_ca=tls_ca)
        limit = seconds(duration) if duration else None
        raise typer.Exit(asyncio.run(live(plan, limit, summary, plain=plain)))


def _external(game: str, spaces: Path | None, *, league: bool, exploiters: int) -> tuple[str, ...]:
    """What tells the learner of a game that a simulator plays; nothing where it is none."""
    from mazemesh.errors import InvalidArgument
    from mazemesh.game_names import check_external_name, is_external

    if not is_external(game):
        if spaces is not None:
            raise InvalidArgument(f"spaces: {spaces} goes with --game external:NAME, not {game}")
        return ()
    check_external_name(game)
    if spaces is None:
        raise InvalidArgument(
            f"spaces: what agents of {game} see and do is to be told by --spaces FILE "
            "(docs/external.md)"
        )
    if league or exploiters:
        raise InvalidArgument(f"exploiters: nobody here plays {game}, as a simulator does")
    return (f"--spaces={spaces.expanduser().absolute()}",)


def _policies(game: str, flag: str, learner: Sequence[str], name: str) -> dict[str, str]:
    """Names of the run's policies by role, in the order of their seats; none of a run of one.

    The roles of the game with the seats of its defaults are checked here, those of other settings
    by the learners.
    """
    from mazemesh.errors import InvalidArgument

    found = _pairs(flag) if flag else _of_file(learner)
    if not found:
        return {}
    if name:
        raise InvalidArgument(
            f"name: {name} names one policy, and policies has {', '.join(found.values())}; say one"
        )
    if not any(flag.startswith("--seats") for flag in learner):
        from mazemesh.games import open_game
        from mazemesh.games.roles import cast

        return {role: policy for role, policy, _ in cast(open_game(game).spec(), found)}
    return found


def _pairs(flag: str) -> dict[str, str]:
    from mazemesh.errors import InvalidArgument

    pairs = [one.partition("=") for one in flag.split(",")]
    if not all(role and name for role, _, name in pairs):
        raise InvalidArgument(f"policies: {flag!r} should be ROLE=NAME,ROLE=NAME")
    return {role: name for role, _, name in pairs}


def _of_file(learner: Sequence[str]) -> dict[str, str]:
    """What the settings file says that the learner is told to read."""
    import tomllib

    named = [flag.partition("=")[2] for flag in learner if flag.startswith("--config=")]
    try:
        content = tomllib.loads(Path(named[-1]).expanduser().read_text()) if named else {}
    except (OSError, ValueError):
        return {}  # the learner says what is wrong with it
    found = content.get("policies", {})
    return dict(found) if isinstance(found, dict) else {}


def _refuse_with_policies(policies: str, *, exploiters: int) -> None:
    from mazemesh.errors import InvalidArgument

    other = "exploiters look for the weaknesses" if exploiters else "--deterministic has the turns"
    raise InvalidArgument(f"policies: {policies}: {other} of one policy; leave one of both out")


def _check_shared(instances: int, database: str, base: int) -> None:
    from mazemesh.client.addresses import LAST_PORT_BASE
    from mazemesh.errors import InvalidArgument
    from supervisor.running.layout import SERVICES

    last = LAST_PORT_BASE - len(SERVICES) * (instances - 1)
    if base > last:
        raise InvalidArgument(
            f"port_base: {base} leaves no room for {instances} instances of {len(SERVICES)} "
            f"services; take one up to {last}"
        )
    if not database.startswith(("postgresql:", "postgres:")):
        raise InvalidArgument(
            f"instances: {instances} of each service need a database that they share; name one by "
            "--database postgresql://user:password@host/name or MAZEMESH_DATABASE_URL"
        )


def _check_room(base: int, instances: int) -> None:
    from mazemesh.errors import InvalidArgument
    from supervisor.running.layout import gateway_port

    above = gateway_port(base, instances) - base
    if base + above > 65_535:
        raise InvalidArgument(
            f"port_base: {base} leaves no room for the gateway, {above} above it; take one up to "
            f"{65_535 - above}, or --no-console"
        )


def _check_own(host: str, *, insecure: bool, given: Path | None) -> None:
    """Certificates of --secure are for this machine's own names, and there is one set of them."""
    from mazemesh.client.addresses import is_loopback
    from mazemesh.errors import InvalidArgument

    if given is not None:
        raise InvalidArgument(
            f"secure: it makes certificates of its own, but {given} is named, too; say one of both"
        )
    if insecure:
        raise InvalidArgument("secure: --insecure says the opposite; say one of both")
    if not is_loopback(host):
        raise InvalidArgument(
            f"secure: its certificate is for this machine, but host is {host}; make one by "
            "`mazemesh certs --host NAME` and name it by --tls-cert, --tls-key and --tls-ca"
        )


def _secure(insecure: bool, **files: Path | None) -> None:
    """Tells all processes of the mesh by the environment, which they inherit."""
    import os

    from mazemesh.errors import InvalidArgument

    if insecure:
        os.environ["MAZEMESH_INSECURE"] = "true"
    for name, file in files.items():
        if file is not None:
            os.environ[f"MAZEMESH_{name.upper()}"] = str(file.expanduser().absolute())
    if files["tls_cert"] is not None and files["tls_ca"] is None:
        raise InvalidArgument(
            "tls_ca: the mesh's own processes call the services over TLS, and have to know by "
            "--tls-ca (MAZEMESH_TLS_CA) which CA signed their certificate"
        )


def _check_one_actor(actors: int, exploiters: int) -> None:
    from mazemesh.errors import InvalidArgument

    if exploiters:
        raise InvalidArgument(
            f"deterministic: --exploiters is {exploiters} and should be 0; what they publish when "
            "is never the same twice"
        )
    if actors != 1:
        raise InvalidArgument(
            f"deterministic: --actors is {actors} and should be 1; the order in which several "
            "actors' experience arrives is never the same twice"
        )


def _check_rated(evaluators: int) -> None:
    from mazemesh.errors import InvalidArgument

    if not evaluators:
        raise InvalidArgument(
            "league: --evaluators is 0 and should be 1 or more; rated matches say who is missing"
        )


def _check_opponents(game: str) -> None:
    from mazemesh.errors import InvalidArgument
    from mazemesh.games import open_game
    from mazemesh.games.ladder import sides

    rules = open_game(game)
    spec = rules.spec()
    if sides(spec.seats, spec.teams) == 1 and rules.max_seats > 1:
        raise InvalidArgument(
            f"exploiters: all players of {game} win and lose together, so there is no adversary; "
            "take a game of several sides, such as race"
        )
    if rules.max_seats == 1:
        raise InvalidArgument(
            f"exploiters: {game} has one seat, and so nobody to exploit; take a game of several "
            "seats, such as race"
        )
