-- The index by status holds what filters compare and order by, too: what they look through is read
-- from it alone, and so is what start-up reads of all open orders. (sqlx applies whatever is missing,
-- in order of number, also where a higher one was applied before: numbers may be left out.)
ALTER TABLE orders
    DROP KEY orders_by_status,
    ADD KEY orders_by_status (status, id, original_currency, money_cost);
