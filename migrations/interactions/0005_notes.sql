-- What the parties of a contract write to each other, numbered from 1; the contract counts them.
CREATE TABLE notes (
    contract_id INT UNSIGNED NOT NULL,
    number      INT UNSIGNED NOT NULL,
    author      VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    text        VARCHAR(2000) NOT NULL,
    revision    BIGINT UNSIGNED NOT NULL,
    created     DATETIME(3) NOT NULL,
    PRIMARY KEY (contract_id, number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE contracts ADD COLUMN notes INT UNSIGNED NOT NULL DEFAULT 0;
