-- What the last audit said, for all servers: one row, once there was one.
CREATE TABLE audits (
    id       TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    revision BIGINT UNSIGNED NOT NULL,
    balanced BOOLEAN NOT NULL,
    took_ms  INT UNSIGNED NOT NULL,
    finished DATETIME(3) NOT NULL,
    CONSTRAINT audits_one_row CHECK (id = 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
