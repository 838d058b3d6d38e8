"""`python -m obskit` is the `obskit` command."""

from obskit.cli import main

main(prog_name="obskit")
