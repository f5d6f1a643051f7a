# Every text that a person reads, in English. Keys are named by where they are used; a variable's
# meaning is given where it does not speak for itself.

## Everywhere

brand = Orderboard
skip = Skip to the content
nav-label = Main
nav-board = Board
nav-my-orders = My orders
nav-my-contracts = My contracts
nav-profile = Profile
nav-overview = Overview
nav-orders = Orders
nav-contracts = Contracts
nav-customers = Customers
nav-executors = Executors

role-customer = Customer
role-executor = Executor
role-admin = Admin

demo-banner = This is a demo: there are no passwords, and anybody can be anyone.
demo-label = Demo
switch-role = Role
switch-id = Number
switch-submit = Switch
language-label = Language
theme-label = Colors
theme-system = As the system
theme-light = Light
theme-dark = Dark

## The live indicator and its news ($id: of the order; $when: such as “in 3 sec.”)

live-now = Live
live-catching-up = Catching up…
live-offline = Offline
live-again = again { $when }
live-lag = From when a change was made until you saw it
live-taken = Your order #{ $id } has just been taken.
live-delivered = The work of contract #{ $id } was delivered. Please look at it.
live-completed = Contract #{ $id } is completed.
live-cancelled = Contract #{ $id } is cancelled.
live-disputed = Contract #{ $id } is disputed.
live-note = There is a new note on contract #{ $id }.
live-expired = Nobody took your order #{ $id } in time. You can renew it.

## What an action came to ($id: of the order)

flash-placed = Order #{ $id } placed.
flash-accepted = Order #{ $id } is yours. It is now contract #{ $contract }.
flash-withdrawn = Order #{ $id } withdrawn.
flash-renewed = Order #{ $id } is on the board again.
flash-edited = Order #{ $id } changed. Everybody sees it as it is now.
flash-order-changed = Order #{ $id } has just changed, so it was not accepted. This is what it is now.
flash-removed = Order #{ $id } removed.
flash-somebody-faster = Somebody was faster: order #{ $id } is taken.
flash-not-open = Order #{ $id } is no longer open.
flash-own-order = Order #{ $id } is your own: you cannot accept it.
flash-delivered = Contract #{ $id } delivered. Now its customer confirms it.
flash-completed = Contract #{ $id } is completed.
flash-cancelled = Contract #{ $id } is cancelled.
flash-disputed = Contract #{ $id } is disputed. An admin will rule.
flash-contract-changed = This cannot be done any more: look where contract #{ $id } stands now.
flash-switched = You are now somebody else.
flash-show = Show it

## The API

api-link = API
api-title = The API
api-document = As an OpenAPI document

## Where the data came from, in the footer

source-memory = memory
source-memcached = memcached
source-redis = redis
source-mysql = MySQL
source-none = nowhere
origin = This data is taken from { $source }, revision { $revision }, { $ms } ms.
origin-behind = The database does not answer: this is how things stood at revision { $revision }.
origin-queries =
    { $queries ->
        [one] One query to MySQL.
       *[other] { $queries } queries to MySQL.
    }

## Tables

paging-label = Pages
paging-previous = Previous page
paging-next = Next page
paging-page = Page { $page }
paging-sizes = Rows per page:

## The first page

home-title = Orders, taken as they come
home-lead = Customers post orders with a price. Executors watch one board that changes under their eyes, and take orders first come, first served. An accepted order becomes a contract between the two.
home-choose = Who do you want to be?
home-customer = Be customer { $id }
home-customer-text = A customer posts orders with a price, sees the moment they are taken, and confirms the work.
home-executor = Be executor { $id }
home-executor-text = An executor watches the board, is the first to accept an order, and delivers the work.
home-admin = Be an admin
home-admin-text = An admin watches everything live, removes what must not be there, and rules disputes.
home-story = The whole story in a minute
home-story-windows = A browser is one person at a time. For a second one, open a private window or another browser, and put the windows side by side.
home-story-place = Place an order as the customer: the executor’s board shows it at once.
home-story-accept = Accept it as the executor: it is a contract now, and the customer’s page says so.
home-story-deliver = Deliver it as the executor, confirm it as the customer. An admin, in a third window, sees all of it.
home-switch-later = You can change your mind at any time, in the bar at the top.

## Orders

status-open = Open
status-taken = Taken
status-withdrawn = Withdrawn
status-expired = Expired
status-removed = Removed

order-id = No.
order-title = Order #{ $id }
order-description = Description
order-price = Price
order-fee = Commission ({ $percent } %)
order-payout = You get
order-payout-of-executor = The executor gets
order-customer = Customer
order-status = Status
order-created = Placed
order-last-action = Last change
order-parent = Comes back from order
order-actions = Actions
order-accept = Accept
order-accept-this = Accept order #{ $id }
order-withdraw = Withdraw
order-withdraw-this = Withdraw order #{ $id }
order-edit = Save
order-edit-ask = Change this order
order-renew = Renew
order-renew-this = Renew order #{ $id }
order-remove = Remove from the board
order-remove-reason = Why this order must go (its customer will read it)
order-removed-because = This order was removed from the board:
order-to-contract = Go to contract #{ $id }

board-title = Open orders
board-watchers = Watching:
board-arrived =
    { $count ->
        [one] { $shown } new order
       *[other] { $shown } new orders
    }
board-empty = No open orders right now. New ones appear here by themselves.
filter-title = Filter
filter-words-label = Words in the description
filter-words-placeholder = Search
filter-any-currency = Any currency
filter-min = From
filter-min-label = Lowest price
filter-max = Up to
filter-max-label = Highest price
filter-sort-label = Order by
sort-newest = Newest first
sort-cheapest = Lowest price first
sort-dearest = Highest price first
filter-submit = Show
filter-clear = Show all
filter-empty = No open order fits right now.
filter-found =
    { $total ->
        [0] No open order fits.
        [one] One open order fits.
       *[other] { $total } open orders fit.
    }
filter-newest-only = Only the newest { $most } open orders are looked through.
filter-needs-currency = Please choose a currency first: amounts of two currencies are not compared.
filter-max-below-min = The highest price is below the lowest.
filter-sort-unknown = The order must be newest, price or -price.
filter-words = The words may have at most { $max } characters, and no control characters.
filter-too-many-words =
    { $max ->
        [one] One word can be looked for.
       *[other] Up to { $max } words can be looked for at once.
    }
filter-before = With a price range, words, or another order than newest, pages go by “page”, not by “before”.
my-orders-title = My orders
my-orders-empty = You have not placed an order yet. Say what is to be done and what you pay: executors see it at once.
orders-empty = There are no orders yet.

place-title = Place an order
place-description = What is to be done?
place-price = Price
place-price-example = 100.00
place-currency = Currency
place-commission = Our commission is { $percent } % of the price; the executor gets the rest.
place-preview = Our commission is { $fee }; the executor gets { $payout }.
place-submit = Place order

## Contracts

status-accepted = Accepted
status-delivered = Delivered
status-completed = Completed
status-cancelled = Cancelled
status-disputed = Disputed

contract-id = No.
contract-title = Contract #{ $id }
contract-executor = Executor
contract-order = Made from order
contract-created = Accepted
contract-deliver = Deliver
contract-deliver-this = Deliver contract #{ $id }
contract-complete = Confirm
contract-complete-this = Confirm that contract #{ $id } is done
contract-give-up = Give up
contract-give-up-this = Give up contract #{ $id }
contract-give-up-ask = I cannot do this
contract-give-up-means = The contract is cancelled, its order returns to the board for others, and your profile counts that you gave up.
contract-dispute = Call for an admin
contract-dispute-ask = Something is wrong
contract-dispute-reason = What is wrong? The other party and the admins will read it.
contract-rule-reason = How do you rule, and why? Both parties will read it.
contract-rule-completed = It counts as completed
contract-rule-cancelled = Cancel it

notes-title = Notes
notes-newest-only = These are the newest { $count } notes.
note-label = Write to the other party (admins can read it)
note-send = Send

next-deliver = It is your turn: do the work, then deliver it here.
next-wait-for-executor = The executor is at work.
next-confirm = It is your turn: look at the work, and confirm that it is done.
next-confirm-within =
    { $days ->
        [one] It is your turn: look at the work, and confirm that it is done. Otherwise it counts as done a day after it was delivered.
       *[other] It is your turn: look at the work, and confirm that it is done. Otherwise it counts as done { $days } days after it was delivered.
    }
next-wait-for-customer = The customer looks at the work.
next-wait-for-customer-until =
    { $days ->
        [one] The customer looks at the work. If they say nothing, it counts as done a day after it was delivered.
       *[other] The customer looks at the work. If they say nothing, it counts as done { $days } days after it was delivered.
    }
next-rule = It is your turn: hear both parties, and rule.
next-wait-for-admin = An admin looks at it, and will rule.

## The history of an order or a contract ($who: such as “Executor 9”)

history-title = History
history-placed = { $who } placed the order.
history-placed-again = The order came back to the board.
history-edited = { $who } changed it.
history-taken = { $who } accepted it.
history-withdrawn = { $who } withdrew it.
history-expired = Nobody took it in time.
history-removed = { $who } removed it:
history-accepted = { $who } accepted the order.
history-delivered = { $who } delivered the work.
history-completed = { $who } confirmed that the work is done.
history-completed-by-time = The customer said nothing for long: it counts as done.
history-given-up = { $who } gave up. It is back on the board as
history-disputed = { $who } called for an admin:
history-ruled-completed = { $who } ruled that it counts as completed:
history-ruled-cancelled = { $who } ruled that it is cancelled:
who-customer = Customer { $id }
who-executor = Executor { $id }
who-admin = Admin { $id }
who-some-admin = An admin
my-contracts-title = My contracts
contracts-empty = There are no contracts yet.
contracts-empty-customer = Nobody has taken an order of yours yet. When somebody does, its contract is here at once.
contracts-empty-executor = You have no contracts yet. Accept an order on the board, and its contract is here.

## People

profile-title = Profile
profile-customer = Customer #{ $id }
profile-executor = Executor #{ $id }
# $day: such as 25 Nov 2026.
profile-registered = Here since { $day }
profile-behind =
    { $behind ->
        [one] These figures are one revision behind.
       *[other] These figures are { $behind } revisions behind.
    }
profile-empty = Nothing has been counted yet. Your figures appear here after your first order.
profile-orders-created = Orders placed
profile-money-in-orders = Money in orders
profile-orders-accepted = Orders accepted
profile-orders-completed = Orders completed
profile-orders-given-up = Given up
profile-money-received = Money received
profile-gain = Commission
days-of-customer = Ordered by day
days-of-executor = Earned by day
# $money: of the best day.
days-most = most: { $money }
# $day: such as 25 Nov; $money: with its currency.
day-of-customer =
    { $day }: { $count ->
        [one] one order
       *[other] { $count } orders
    }, { $money }
day-of-executor =
    { $day }: { $count ->
        [one] one order accepted
       *[other] { $count } orders accepted
    }, { $money }
people-id = No.
people-registered = Here since
people-empty = Nobody is here yet.

## The admin's overview

overview-title = Overview
overview-open-orders = Open orders
overview-orders = Orders ever placed
overview-contracts = Contracts
overview-watchers = Watching now
overview-orders-per-minute = Orders a minute
overview-accepts-per-minute = Accepts a minute
overview-books = The books
overview-server = This server
overview-parts = What it stands on
overview-gain = Earned
chart-label = The last ten minutes
chart-flow = A minute
chart-orders = orders
chart-accepts = accepts
chart-delivery = Delivery to the last watcher, ms
# $revision: the newest that was looked at.
books-balance = The books balance at revision { $revision }.
books-differ = The books do not balance at revision { $revision }: `orderboard audit` says where.
books-unknown = They have not been audited yet.
books-checked = Audited
server-queued = Commands waiting
server-batch = Commands in a batch
server-cache-hits = Pages from caches
server-behind = Changes yet to be counted
server-text = Averages are of the last minute.
figure-percent = { $percent } %
part-interactions = MySQL: the board
part-users = MySQL: people
part-redis = redis
part-memcached = memcached
part-up = up
part-down = down
part-none = not in use

## Tables of everything

export = CSV
export-title = The whole table for a spreadsheet
find-number = Number
find-submit = Find
find-missing = There is no number { $id } here.
overview-gain-text = The commission of all contracts, in each currency.

## What went wrong: a short title, and a sentence ($id: of the order)

error-way-on = Back to the start
error-trace = If you tell us about it, please give this number:

error-bad-request-title = That request makes no sense
error-unauthenticated-title = Who are you?
error-unauthenticated = Please say who you are first.
error-foreign-site-title = Sent from another site
error-forbidden-title = Not for your role
error-forbidden = This is not for your role. Switch to another one, or go back to the start.
error-not-found-title = Nothing here
error-not-found = There is nothing here, or nothing that you may see.
error-method-not-allowed-title = Not that way
error-method-not-allowed = This address does not work that way.
error-order-not-open-title = No longer open
error-order-not-open = Order #{ $id } is no longer open: it was taken, withdrawn or removed, or has expired.
error-own-order-title = Your own order
error-own-order = This order is your own: you cannot accept it.
error-too-many-contracts-title = First things first
error-too-many-contracts =
    { $most ->
        [one] You have one contract to deliver, and may not have more. Deliver it first.
       *[other] You have { $most } contracts to deliver, and may not have more. Deliver some of them first.
    }
error-contract-state = Contract #{ $id } does not allow this any more. It is now: { $status }.
error-order-changed-title = The order has changed
error-order-changed = The order is not what it was when you saw it. Please look at it again.
error-wrong-state-title = Not possible any more
error-wrong-state = This is not possible in the state that things are in now. Please look at it again.
error-duplicate-request-title = Already used
error-duplicate-request = This request key was already used for something else. Please load the page again.
error-too-large-title = Too large
error-too-large = That is more than can be sent at once.
error-invalid-field-title = Something is not right
error-flood-title = Too much at once
flood-orders =
    { $most ->
        [one] You may place one order a day. Tomorrow (UTC) you can place another one.
       *[other] You may place { $most } orders a day. Tomorrow (UTC) you can place more.
    }
flood-accepts =
    { $most ->
        [one] You may accept one order a minute. Please wait a moment.
       *[other] You may accept { $most } orders a minute. Please wait a moment.
    }
flood-changes =
    { $most ->
        [one] You may change an order or write a note once a minute. Please wait a moment.
       *[other] You may change orders and write notes { $most } times a minute. Please wait a moment.
    }
flood-queries = You may ask the database { $most } times a minute. What others have just looked at is still shown; please wait a moment for the rest.
flood-requests = From one address, { $most } requests a second are answered. Please wait a moment.
flood-sockets =
    { $most ->
        [one] Only one page of yours can be live at a time.
       *[other] Only { $most } pages of yours can be live at a time. Close one of them, and this one will be.
    }
error-overloaded-title = Too busy
error-overloaded = There is more to do than can be done right now. Nothing was changed; please try again in a moment.
error-database-unavailable-title = The database does not answer
error-database-unavailable = The database does not answer right now. Nothing was changed; please try again in a moment.
error-outcome-unknown-title = Not sure whether it was done
error-outcome-unknown = The connection to the database broke at the last moment, so it may or may not have been done. Look whether it was before you try again.
error-outcome-unknown-keyed = The connection to the database broke at the last moment, so it may or may not have been done. Send the same request again: it will not be done twice.
error-internal-title = Our mistake
error-internal = Something went wrong on our side (number { $trace }). Please try again in a moment.

## What is wrong with a field, or with how a request was sent

price-empty = Please say what you pay.
price-not-a-number = The price must be a number such as 99.95.
price-sign = The price must not have a plus or minus sign.
price-exponent = The price must be written out, without an exponent.
price-too-many-digits =
    { $allowed ->
        [0] The price must be a whole number in this currency.
        [one] The price may have one digit after the point in this currency.
       *[other] The price may have { $allowed } digits after the point in this currency.
    }
price-zero = The price must be more than zero.
price-too-large = The price must be at most { $max } { $currency }.
description-empty = Please describe what is to be done.
description-too-long = The description may have at most { $max } characters.
description-control-character = The description contains a control character. Only line breaks and tabs are allowed.
reason-empty = Please say why.
reason-too-long = The reason may have at most { $max } characters.
reason-control-character = The reason contains a control character. Only line breaks and tabs are allowed.
note-empty = Please write something.
note-too-long = A note may have at most { $max } characters.
note-control-character = The note contains a control character. Only line breaks and tabs are allowed.
currency-unknown = The currency must be one of { $allowed }.
version-malformed = The version must be the number of a version of the order.
outcome-unknown = The outcome must be completed or cancelled.
choice-unknown = It must be one of { $allowed }.
field-missing = The field “{ $field }” is missing.
field-repeated = The field “{ $field }” is there more than once.
field-not-text = The field “{ $field }” must be a string.
user-malformed = The role (X-User-Type) must be customer, executor or admin, and the number (X-User-Id) from 1 to 2147483647.
key-malformed = The Idempotency-Key must be 1 to 128 visible ASCII characters.
body-malformed-json = The body is not the JSON object that is expected here.
body-malformed-form = The body is not a form in UTF-8.
body-incomplete = The body did not arrive completely.
before-malformed = “before” must be the id of an order.
socket-malformed = This address takes WebSocket connections only, with “since”, “history” and “batch” as the page gave them.
host-not-allowed = This demo does not answer under this host name.
foreign-site = This came from another site, so it was not done.

## Accounts

log-in = Log in
log-in-title = Log in
log-in-no-account = No account yet?
log-in-forgotten = Forgot your password? Whoever runs this board can give you a new one.
sign-up = Sign up
sign-up-title = Sign up
sign-up-have-account = You have an account?
sign-up-name-hint = 3 to 32 letters, digits, dots, dashes or underscores. Others see your number only.
sign-up-roles = What will you do here?
sign-up-customer = Post orders
sign-up-executor = Take orders
sign-up-both = Both, one at a time
log-out = Log out
log-out-everywhere = Log out everywhere
person-label = You
act-as-customer = Act as customer
act-as-executor = Act as executor
account = Account
account-title = Account
account-name = Name
account-password = Password
account-who = { $name }, number { $id }
password-title = Password
password-current = Current password
password-new = New password
password-hint = At least 10 characters, of any kind. A few words that only you put together are good.
password-change = Change password
sessions-title = Where you are logged in
sessions-text = Changing your password logs you out everywhere but here.
session-own = this browser
session-end = Log out
tokens-title = Tokens for programs
tokens-text = A program that sends a token as “Authorization: Bearer …” may use the API and the live feed as you, in one role. It stays until you end it.
token-made = This is the token. Copy it now: it is not shown again.
token-label = What is it for?
token-role = It acts as
token-make = Make a token
token-end = End
pass-created = created
pass-seen = last used

flash-acts-as-customer = You now act as customer.
flash-acts-as-executor = You now act as executor.
flash-logged-out = You are logged out.
flash-password-changed = Your password is changed, and you are logged out everywhere else.
flash-pass-ended = Ended. It lets nobody in any more.

name-short = A name has at least 3 characters.
name-long = A name has at most 32 characters.
name-characters = A name has letters, digits, dots, dashes and underscores only.
name-mixed = A name has either Latin or Cyrillic letters, not both.
name-taken = Somebody has this name already.
password-short = A password has at least 10 characters.
password-long = A password has at most 128 characters.
password-common = Many people would try this password first. Choose another one.
password-wrong = This is not your password.
token-label-rule = Please say what it is for, in 1 to 40 characters.
token-too-many = You have 20 tokens. End one that you no longer need.
error-wrong-password = The name or the password is not right.
error-stale-form-title = This form is out of date
error-stale-form = It was made before you last logged in or out. Go back, load the page again, and send it once more.
flood-log-ins = Too many passwords were tried. Please wait a quarter of an hour.
flood-sign-ups = Too many accounts were made from your network today.
