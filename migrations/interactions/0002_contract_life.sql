-- How many contracts an executor has in force, and which were delivered so long ago that they count
-- as completed.
ALTER TABLE contracts
    ADD KEY contracts_in_state (executor_id, status),
    ADD KEY contracts_by_status (status, last_action);
