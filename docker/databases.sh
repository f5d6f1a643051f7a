# shellcheck shell=bash
# Sourced by the entrypoint of MariaDB's image, once, on an empty data directory. Two databases on one
# server; each has its own URL, so that either may move to a server of its own. Users and passwords are
# those of the URLs that docker/secrets has made.
allow() {
  local place user password database
  place=$(<"/run/secrets/$1")
  place=${place#mysql://}
  user=${place%%:*} database=${place##*/}
  password=${place#*:} password=${password%%@*}
  docker_process_sql <<SQL
CREATE DATABASE IF NOT EXISTS $database CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS $user@'%' IDENTIFIED BY '$password';
GRANT $2 ON $database.* TO $user@'%';
SQL
}

rows='SELECT, INSERT, UPDATE, DELETE'
tables='CREATE, ALTER, INDEX, DROP, REFERENCES'
allow database_url "$rows"
allow users_database_url "$rows"
allow migrate_database_url "$rows, $tables"
allow migrate_users_database_url "$rows, $tables"
