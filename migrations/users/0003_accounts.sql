-- People who log in (AUTH=accounts). `id` is the person's number everywhere, and so at most 2^31-1;
-- nobody's is ever given to somebody else, since rows are never deleted.
CREATE TABLE accounts (
    id       INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- As its owner writes it, and in small letters: two names must not differ by case alone.
    name     VARCHAR(32) NOT NULL,
    folded   VARCHAR(32) NOT NULL,
    -- Argon2id, with its parameters and salt (PHC).
    password VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- What they may act as: customer, executor, both with a comma between, or admin.
    roles    VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created  DATETIME(3) NOT NULL,
    UNIQUE KEY accounts_folded (folded)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What lets somebody in: a browser's session, or a program's token, which has a label. The secret
-- itself is known to its holder alone.
CREATE TABLE passes (
    id      INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- SHA-256 of the secret.
    hash    BINARY(32) NOT NULL,
    -- A uuid by which servers tell each other that it has ended.
    session CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    account INT NOT NULL,
    -- What they act as by it.
    role    VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    label   VARCHAR(40) NULL,
    created DATETIME(3) NOT NULL,
    -- When it was used last, give or take an hour.
    seen    DATETIME(3) NOT NULL,
    UNIQUE KEY passes_hash (hash),
    UNIQUE KEY passes_session (session),
    KEY passes_account (account),
    KEY passes_seen (label, seen)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
