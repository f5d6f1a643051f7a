-- The head of the board: one row, locked by whoever writes. Everything that must have no gaps is
-- counted here, and table sizes are read from here.
CREATE TABLE board (
    id          TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    history     CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    revision    BIGINT UNSIGNED NOT NULL,
    batch       CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    orders      INT UNSIGNED NOT NULL,
    contracts   INT UNSIGNED NOT NULL,
    open_orders INT UNSIGNED NOT NULL,
    -- The time of the newest revision: no later revision is ever older.
    last_action DATETIME(3) NOT NULL,
    -- Counts the lookups of lost commits: writing it makes what a lookup saw durable.
    fence       BIGINT UNSIGNED NOT NULL DEFAULT 0,
    CONSTRAINT board_one_row CHECK (id = 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO board (id, history, revision, batch, orders, contracts, open_orders, last_action)
VALUES (1, UUID(), 0, UUID(), 0, 0, 0, UTC_TIMESTAMP(3));

-- Money is in hundredths of the currency's minor unit (1.00 RUB = 10000). Ids come from the head.
CREATE TABLE orders (
    id                 INT UNSIGNED NOT NULL PRIMARY KEY,
    customer_id        INT UNSIGNED NOT NULL,
    status             VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    description        VARCHAR(8000) NOT NULL,
    money_cost         BIGINT NOT NULL,
    commission_percent TINYINT UNSIGNED NOT NULL,
    original_currency  CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    parent_id          INT UNSIGNED NULL,
    revision           BIGINT UNSIGNED NOT NULL,
    created            DATETIME(3) NOT NULL,
    last_action        DATETIME(3) NOT NULL,
    KEY orders_of_customer (customer_id, id),
    -- Start-up reads the ids of all open orders from this index alone.
    KEY orders_by_status (status, id),
    KEY orders_last_action (last_action),
    CONSTRAINT orders_price CHECK (money_cost > 0),
    CONSTRAINT orders_percent CHECK (commission_percent <= 100)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE contracts (
    id                 INT UNSIGNED NOT NULL PRIMARY KEY,
    order_id           INT UNSIGNED NOT NULL,
    customer_id        INT UNSIGNED NOT NULL,
    executor_id        INT UNSIGNED NOT NULL,
    status             VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    description        VARCHAR(8000) NOT NULL,
    money_cost         BIGINT NOT NULL,
    fee                BIGINT NOT NULL,
    payout             BIGINT NOT NULL,
    commission_percent TINYINT UNSIGNED NOT NULL,
    original_currency  CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    revision           BIGINT UNSIGNED NOT NULL,
    created            DATETIME(3) NOT NULL,
    last_action        DATETIME(3) NOT NULL,
    -- The last line of defence: the exchange decides long before this could fire.
    UNIQUE KEY contracts_one_per_order (order_id),
    KEY contracts_of_customer (customer_id, id),
    KEY contracts_of_executor (executor_id, id),
    KEY contracts_last_action (last_action),
    CONSTRAINT contracts_exact CHECK (fee + payout = money_cost)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What happened, in commit order, without gaps. `previous` chains each batch to the one before it,
-- so that a follower notices a history that was replaced under it.
CREATE TABLE journal (
    revision BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    batch    CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    previous CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    events   JSON NOT NULL,
    created  DATETIME(3) NOT NULL,
    UNIQUE KEY journal_batch (batch)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Requests that carried a key and were accepted: asked again, they get the same answer.
CREATE TABLE requests (
    user_type    VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id      INT UNSIGNED NOT NULL,
    request_id   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    request_hash BINARY(32) NOT NULL,
    receipt      JSON NOT NULL,
    created      DATETIME(3) NOT NULL,
    PRIMARY KEY (user_type, user_id, request_id),
    KEY requests_created (created)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
