-- How many contracts an executor gave up.
ALTER TABLE executors
    ADD COLUMN orders_given_up INT UNSIGNED NOT NULL DEFAULT 0 AFTER orders_completed;
