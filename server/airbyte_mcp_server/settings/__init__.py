"""Everything that an operator can decide, in one vocabulary for flags, environment and TOML file.

model         the settings, checked
airbyte       those of one Airbyte: where it answers, how to sign in there, how far to look
sources       gathers them, and refuses what it does not know
tables        `[instances.NAME]` of the file: several Airbytes
secret_files  secrets that stand in files of their own
"""
