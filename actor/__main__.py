"""Entry point: `python -m actor play --policy NAME` and `python -m actor evaluate`."""

from mazemesh.starting import loading

if __name__ == "__main__":
    with loading():
        from actor.commands import main

    main()
