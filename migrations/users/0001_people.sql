-- A row per person and currency: currencies are never added together. `ordinal` numbers the
-- persons 1, 2, 3 … on the first row each of them gets, so that a table of persons pages by key.
CREATE TABLE customers (
    id                INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    global_id         INT UNSIGNED NOT NULL,
    original_currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    orders_created    INT UNSIGNED NOT NULL DEFAULT 0,
    money_in_orders   DECIMAL(38, 0) NOT NULL DEFAULT 0,
    gain              DECIMAL(38, 0) NOT NULL DEFAULT 0,
    registered        DATETIME(3) NOT NULL,
    ordinal           INT UNSIGNED NULL,
    UNIQUE KEY customers_person (global_id, original_currency),
    UNIQUE KEY customers_ordinal (ordinal),
    KEY customers_registered (registered)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE executors (
    id                INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    global_id         INT UNSIGNED NOT NULL,
    original_currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    orders_accepted   INT UNSIGNED NOT NULL DEFAULT 0,
    orders_completed  INT UNSIGNED NOT NULL DEFAULT 0,
    money_received    DECIMAL(38, 0) NOT NULL DEFAULT 0,
    gain              DECIMAL(38, 0) NOT NULL DEFAULT 0,
    registered        DATETIME(3) NOT NULL,
    ordinal           INT UNSIGNED NULL,
    UNIQUE KEY executors_person (global_id, original_currency),
    UNIQUE KEY executors_ordinal (ordinal),
    KEY executors_registered (registered)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- How far each follower has read the journal, written together with what it changed.
CREATE TABLE positions (
    follower  VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    revision  BIGINT UNSIGNED NOT NULL,
    -- Empty until the first revision was counted.
    batch     CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    customers INT UNSIGNED NOT NULL DEFAULT 0,
    executors INT UNSIGNED NOT NULL DEFAULT 0
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO positions (follower, revision) VALUES ('statistics', 0);

-- What the system has earned by contracts, per currency.
CREATE TABLE earnings (
    original_currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    gain              DECIMAL(38, 0) NOT NULL DEFAULT 0
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
