-- An order that is edited is another version of itself; `edited` is the revision that made it so.
ALTER TABLE orders
    ADD COLUMN version INT UNSIGNED NOT NULL DEFAULT 1,
    ADD COLUMN edited BIGINT UNSIGNED NULL;
