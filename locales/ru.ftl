# Все тексты, которые читают люди, по-русски. Ключи и переменные те же, что в en.ftl.

## Везде

brand = Orderboard
skip = Перейти к содержанию
nav-label = Главное меню
nav-board = Доска
nav-my-orders = Мои заказы
nav-my-contracts = Мои договоры
nav-profile = Профиль
nav-overview = Обзор
nav-orders = Заказы
nav-contracts = Договоры
nav-customers = Заказчики
nav-executors = Исполнители

role-customer = Заказчик
role-executor = Исполнитель
role-admin = Администратор

demo-banner = Это демонстрация: паролей нет, и каждый может быть кем угодно.
demo-label = Демонстрация
switch-role = Роль
switch-id = Номер
switch-submit = Сменить
language-label = Язык
theme-label = Цвета
theme-system = Как в системе
theme-light = Светлые
theme-dark = Тёмные

## Индикатор связи и его новости

live-now = На связи
live-catching-up = Обновляется…
live-offline = Нет связи
live-again = снова { $when }
live-lag = Сколько прошло от изменения до того, как вы его увидели
live-taken = Ваш заказ № { $id } только что приняли.
live-delivered = Работа по договору № { $id } сдана. Пожалуйста, проверьте её.
live-completed = Договор № { $id } выполнен.
live-cancelled = Договор № { $id } отменён.
live-disputed = По договору № { $id } открыт спор.
live-note = В договоре № { $id } новое сообщение.
live-expired = Ваш заказ № { $id } никто не принял вовремя. Его можно продлить.

## Чем закончилось действие

flash-placed = Заказ № { $id } размещён.
flash-accepted = Заказ № { $id } ваш. Теперь это договор № { $contract }.
flash-withdrawn = Заказ № { $id } отозван.
flash-renewed = Заказ № { $id } снова на доске.
flash-edited = Заказ № { $id } изменён. Все видят его таким, какой он сейчас.
flash-order-changed = Заказ № { $id } только что изменился, поэтому он не принят. Вот какой он теперь.
flash-removed = Заказ № { $id } снят с доски.
flash-somebody-faster = Кто-то успел раньше: заказ № { $id } уже принят.
flash-not-open = Заказ № { $id } больше не открыт.
flash-own-order = Заказ № { $id } ваш собственный: принять его нельзя.
flash-delivered = Работа по договору № { $id } сдана. Теперь её подтвердит заказчик.
flash-completed = Договор № { $id } выполнен.
flash-cancelled = Договор № { $id } отменён.
flash-disputed = По договору № { $id } открыт спор. Его решит администратор.
flash-contract-changed = Это больше невозможно: посмотрите, в каком состоянии договор № { $id } сейчас.
flash-switched = Теперь вы — другой человек.
flash-show = Показать

## Откуда взяты данные (внизу страницы)

api-link = API
api-title = API
api-document = Описание OpenAPI

source-memory = памяти сервера
source-memcached = memcached
source-redis = redis
source-mysql = MySQL
source-none = ниоткуда
origin = Данные взяты из { $source }, ревизия { $revision }, { $ms } мс.
origin-behind = База данных не отвечает: так всё было на ревизии { $revision }.
origin-queries =
    { $queries ->
        [one] { $queries } запрос к MySQL.
        [few] { $queries } запроса к MySQL.
       *[many] { $queries } запросов к MySQL.
    }

## Таблицы

paging-label = Страницы
paging-previous = Предыдущая страница
paging-next = Следующая страница
paging-page = Страница { $page }
paging-sizes = Строк на странице:

## Первая страница

home-title = Заказы разбирают по мере поступления
home-lead = Заказчики размещают заказы с ценой. Исполнители смотрят на одну общую доску, которая меняется у них на глазах, и берут заказы: кто первый, тому и достанется. Принятый заказ становится договором между двумя людьми.
home-choose = Кем вы хотите быть?
home-customer = Быть заказчиком { $id }
home-customer-text = Заказчик размещает заказы с ценой, видит миг, когда их примут, и подтверждает работу.
home-executor = Быть исполнителем { $id }
home-executor-text = Исполнитель следит за доской, первым принимает заказ и сдаёт работу.
home-admin = Быть администратором
home-admin-text = Администратор видит всё вживую, снимает неподходящее и решает споры.
home-story = Вся история за минуту
home-story-windows = В одном браузере — один человек за раз. Для второго откройте приватное окно или другой браузер и поставьте окна рядом.
home-story-place = Разместите заказ как заказчик: он сразу появится на доске исполнителя.
home-story-accept = Примите его как исполнитель: теперь это договор, и страница заказчика об этом скажет.
home-story-deliver = Сдайте работу как исполнитель, подтвердите её как заказчик. Администратор в третьем окне увидит всё это.
home-switch-later = Передумать можно в любое время — в полосе наверху.

## Заказы

status-open = Открыт
status-taken = Принят
status-withdrawn = Отозван
status-expired = Истёк
status-removed = Снят

order-id = №
order-title = Заказ № { $id }
order-description = Описание
order-price = Цена
order-fee = Комиссия ({ $percent } %)
order-payout = Вы получите
order-payout-of-executor = Получит исполнитель
order-customer = Заказчик
order-status = Состояние
order-created = Размещён
order-last-action = Последнее изменение
order-parent = Возвращён из заказа
order-actions = Действия
order-accept = Принять
order-accept-this = Принять заказ № { $id }
order-withdraw = Отозвать
order-withdraw-this = Отозвать заказ № { $id }
order-edit = Сохранить
order-edit-ask = Изменить заказ
order-renew = Продлить
order-renew-this = Продлить заказ № { $id }
order-remove = Снять с доски
order-remove-reason = Почему этот заказ нужно снять (прочтёт его заказчик)
order-removed-because = Заказ сняли с доски:
order-to-contract = К договору № { $id }

board-title = Открытые заказы
board-watchers = Смотрят:
board-arrived =
    { $count ->
        [one] { $shown } новый заказ
        [few] { $shown } новых заказа
       *[many] { $shown } новых заказов
    }
board-empty = Открытых заказов сейчас нет. Новые появятся здесь сами.
filter-title = Фильтр
filter-words-label = Слова в описании
filter-words-placeholder = Поиск
filter-any-currency = Любая валюта
filter-min = От
filter-min-label = Наименьшая цена
filter-max = До
filter-max-label = Наибольшая цена
filter-sort-label = Порядок
sort-newest = Сначала новые
sort-cheapest = Сначала дешёвые
sort-dearest = Сначала дорогие
filter-submit = Показать
filter-clear = Показать все
filter-empty = Подходящих открытых заказов сейчас нет.
filter-found =
    { $total ->
        [0] Подходящих открытых заказов нет.
        [one] Подходит { $total } открытый заказ.
        [few] Подходят { $total } открытых заказа.
       *[many] Подходят { $total } открытых заказов.
    }
filter-newest-only =
    { $most ->
        [one] Просматривается только { $most } самый новый открытый заказ.
        [few] Просматриваются только { $most } самых новых открытых заказа.
       *[many] Просматриваются только { $most } самых новых открытых заказов.
    }
filter-needs-currency = Сначала выберите валюту: суммы в разных валютах не сравниваются.
filter-max-below-min = Наибольшая цена меньше наименьшей.
filter-sort-unknown = Порядок может быть newest, price или -price.
filter-words =
    { $max ->
        [one] В словах может быть не больше { $max } знака и ни одного управляющего.
       *[other] В словах может быть не больше { $max } знаков и ни одного управляющего.
    }
filter-too-many-words =
    { $max ->
        [one] Искать можно не больше чем по { $max } слову.
       *[other] Искать можно не больше чем по { $max } словам сразу.
    }
filter-before = Если заданы границы цены, слова или порядок не «сначала новые», страницы выбираются по «page», а не по «before».
my-orders-title = Мои заказы
my-orders-empty = Вы ещё не разместили ни одного заказа. Скажите, что нужно сделать и сколько вы платите: исполнители увидят это сразу.
orders-empty = Заказов пока нет.

place-title = Новый заказ
place-description = Что нужно сделать?
place-price = Цена
place-price-example = 100,00
place-currency = Валюта
place-commission = Наша комиссия — { $percent } % цены; остальное получит исполнитель.
place-preview = Наша комиссия — { $fee }; исполнитель получит { $payout }.
place-submit = Разместить заказ

## Договоры

status-accepted = Принят
status-delivered = Сдан
status-completed = Выполнен
status-cancelled = Отменён
status-disputed = Спор

contract-id = №
contract-title = Договор № { $id }
contract-executor = Исполнитель
contract-order = Из заказа
contract-created = Принят
my-contracts-title = Мои договоры
contracts-empty = Договоров пока нет.
contracts-empty-customer = Ваши заказы ещё никто не принял. Как только примут, договор сразу появится здесь.
contracts-empty-executor = У вас ещё нет договоров. Примите заказ на доске, и договор появится здесь.
contract-deliver = Сдать
contract-deliver-this = Сдать работу по договору № { $id }
contract-complete = Подтвердить
contract-complete-this = Подтвердить, что договор № { $id } выполнен
contract-give-up = Отказаться
contract-give-up-this = Отказаться от договора № { $id }
contract-give-up-ask = Я не смогу это сделать
contract-give-up-means = Договор отменяется, заказ возвращается на доску для других, а в вашем профиле считается отказ.
contract-dispute = Позвать администратора
contract-dispute-ask = Что-то не так
contract-dispute-reason = Что не так? Это прочтут другая сторона и администраторы.
contract-rule-reason = Как вы решаете и почему? Это прочтут обе стороны.
contract-rule-completed = Считать выполненным
contract-rule-cancelled = Отменить

notes-title = Переписка
notes-newest-only =
    { $count ->
        [one] Здесь { $count } самое новое сообщение.
        [few] Здесь { $count } самых новых сообщения.
       *[many] Здесь { $count } самых новых сообщений.
    }
note-label = Напишите другой стороне (администраторы могут прочесть)
note-send = Отправить

next-deliver = Ваш ход: сделайте работу и сдайте её здесь.
next-wait-for-executor = Исполнитель работает.
next-confirm = Ваш ход: проверьте работу и подтвердите, что она сделана.
next-confirm-within =
    { $days ->
        [one] Ваш ход: проверьте работу и подтвердите, что она сделана. Иначе через { $days } день после сдачи она будет считаться выполненной.
        [few] Ваш ход: проверьте работу и подтвердите, что она сделана. Иначе через { $days } дня после сдачи она будет считаться выполненной.
       *[many] Ваш ход: проверьте работу и подтвердите, что она сделана. Иначе через { $days } дней после сдачи она будет считаться выполненной.
    }
next-wait-for-customer = Заказчик проверяет работу.
next-wait-for-customer-until =
    { $days ->
        [one] Заказчик проверяет работу. Если он промолчит, через { $days } день после сдачи она будет считаться выполненной.
        [few] Заказчик проверяет работу. Если он промолчит, через { $days } дня после сдачи она будет считаться выполненной.
       *[many] Заказчик проверяет работу. Если он промолчит, через { $days } дней после сдачи она будет считаться выполненной.
    }
next-rule = Ваш ход: выслушайте обе стороны и решите спор.
next-wait-for-admin = Спор рассматривает администратор, он и решит.

## История заказа или договора

history-title = История
history-placed = { $who }: заказ размещён.
history-placed-again = Заказ вернулся на доску.
history-edited = { $who }: заказ изменён.
history-taken = { $who }: заказ принят.
history-withdrawn = { $who }: заказ отозван.
history-expired = Никто не принял заказ вовремя.
history-removed = { $who }: заказ снят с доски:
history-accepted = { $who }: заказ принят.
history-delivered = { $who }: работа сдана.
history-completed = { $who }: работа подтверждена.
history-completed-by-time = Заказчик долго молчал: работа считается выполненной.
history-given-up = { $who }: отказ. На доске снова
history-disputed = { $who }: спор:
history-ruled-completed = { $who }: решено считать выполненным:
history-ruled-cancelled = { $who }: решено отменить:
who-customer = Заказчик { $id }
who-executor = Исполнитель { $id }
who-admin = Администратор { $id }
who-some-admin = Администратор

## Люди

profile-title = Профиль
profile-customer = Заказчик № { $id }
profile-executor = Исполнитель № { $id }
# $day: например 25.11.2026.
profile-registered = Здесь с { $day }
profile-behind =
    { $behind ->
        [one] Эти числа отстают на { $behind } ревизию.
        [few] Эти числа отстают на { $behind } ревизии.
       *[many] Эти числа отстают на { $behind } ревизий.
    }
profile-empty = Пока ничего не посчитано. Числа появятся здесь после первого заказа.
profile-orders-created = Размещено заказов
profile-money-in-orders = Денег в заказах
profile-orders-accepted = Принято заказов
profile-orders-completed = Выполнено заказов
profile-orders-given-up = Отказов
profile-money-received = Получено
profile-gain = Комиссия
days-of-customer = Заказано по дням
days-of-executor = Заработано по дням
# $money: лучшего дня.
days-most = больше всего: { $money }
# $day: например 25.11; $money: с валютой.
day-of-customer =
    { $day }: { $count ->
        [one] { $count } заказ
        [few] { $count } заказа
       *[many] { $count } заказов
    }, { $money }
day-of-executor =
    { $day }: принято { $count ->
        [one] { $count } заказ
        [few] { $count } заказа
       *[many] { $count } заказов
    }, { $money }
people-id = №
people-registered = Здесь с
people-empty = Здесь пока никого нет.

## Обзор администратора

overview-title = Обзор
overview-open-orders = Открытых заказов
overview-orders = Всего размещено
overview-contracts = Договоров
overview-watchers = Сейчас смотрят
overview-orders-per-minute = Заказов в минуту
overview-accepts-per-minute = Принято в минуту
overview-books = Учёт
overview-server = Этот сервер
overview-parts = На чём он стоит
overview-gain = Заработано
chart-label = Последние десять минут
chart-flow = В минуту
chart-orders = заказов
chart-accepts = принято
chart-delivery = Доставка до последнего, мс
# $revision: последняя проверенная.
books-balance = Учёт сходится на ревизии { $revision }.
books-differ = Учёт не сходится на ревизии { $revision }: где именно, скажет `orderboard audit`.
books-unknown = Проверки ещё не было.
books-checked = Проверено
server-queued = Команд в очереди
server-batch = Команд в пачке
server-cache-hits = Страниц из кэша
server-behind = Изменений ещё не посчитано
server-text = Средние — за последнюю минуту.
figure-percent = { $percent } %
part-interactions = MySQL: доска
part-users = MySQL: люди
part-redis = redis
part-memcached = memcached
part-up = работает
part-down = не отвечает
part-none = не используется

## Таблицы всего

export = CSV
export-title = Вся таблица для электронных таблиц
find-number = Номер
find-submit = Найти
find-missing = Номера { $id } здесь нет.
overview-gain-text = Комиссия по всем договорам, в каждой валюте.

## Что пошло не так: короткий заголовок и предложение

error-way-on = К началу
error-trace = Если вы сообщите нам об этом, назовите, пожалуйста, номер:

error-bad-request-title = Запрос не имеет смысла
error-unauthenticated-title = Кто вы?
error-unauthenticated = Сначала скажите, пожалуйста, кто вы.
error-foreign-site-title = Отправлено с другого сайта
error-forbidden-title = Не для вашей роли
error-forbidden = Это не для вашей роли. Смените её или вернитесь к началу.
error-not-found-title = Здесь ничего нет
error-not-found = Здесь ничего нет или ничего такого, что вам можно видеть.
error-method-not-allowed-title = Так нельзя
error-method-not-allowed = По этому адресу так не обращаются.
error-order-not-open-title = Уже не открыт
error-order-not-open = Заказ № { $id } больше не открыт: его приняли, отозвали или сняли, либо он истёк.
error-own-order-title = Ваш собственный заказ
error-own-order = Это ваш собственный заказ: принять его нельзя.
error-too-many-contracts-title = Сначала дела
error-too-many-contracts =
    { $most ->
        [one] У вас { $most } несданный договор, больше нельзя. Сначала сдайте его.
        [few] У вас { $most } несданных договора, больше нельзя. Сначала сдайте некоторые из них.
       *[many] У вас { $most } несданных договоров, больше нельзя. Сначала сдайте некоторые из них.
    }
error-contract-state = Договор № { $id } этого больше не допускает. Сейчас его состояние: { $status }.
error-order-changed-title = Заказ изменился
error-order-changed = Заказ уже не тот, что вы видели. Посмотрите на него ещё раз.
error-wrong-state-title = Уже невозможно
error-wrong-state = В нынешнем состоянии это невозможно. Посмотрите ещё раз.
error-duplicate-request-title = Уже использован
error-duplicate-request = Этот ключ запроса уже использован для другого. Загрузите страницу заново.
error-too-large-title = Слишком много
error-too-large = Столько за один раз отправить нельзя.
error-invalid-field-title = Что-то не так
error-flood-title = Слишком часто
flood-orders =
    { $most ->
        [one] В день можно разместить { $most } заказ. Завтра (UTC) можно будет ещё.
        [few] В день можно разместить { $most } заказа. Завтра (UTC) можно будет ещё.
       *[many] В день можно разместить { $most } заказов. Завтра (UTC) можно будет ещё.
    }
flood-accepts =
    { $most ->
        [one] В минуту можно принять { $most } заказ. Подождите немного.
        [few] В минуту можно принять { $most } заказа. Подождите немного.
       *[many] В минуту можно принять { $most } заказов. Подождите немного.
    }
flood-changes =
    { $most ->
        [one] Менять заказы и писать сообщения можно { $most } раз в минуту. Подождите немного.
        [few] Менять заказы и писать сообщения можно { $most } раза в минуту. Подождите немного.
       *[many] Менять заказы и писать сообщения можно { $most } раз в минуту. Подождите немного.
    }
flood-queries =
    { $most ->
        [one] К базе данных можно обращаться { $most } раз в минуту. То, что недавно смотрели другие, видно и сейчас; остального подождите немного.
        [few] К базе данных можно обращаться { $most } раза в минуту. То, что недавно смотрели другие, видно и сейчас; остального подождите немного.
       *[many] К базе данных можно обращаться { $most } раз в минуту. То, что недавно смотрели другие, видно и сейчас; остального подождите немного.
    }
flood-requests =
    { $most ->
        [one] С одного адреса обслуживается { $most } запрос в секунду. Подождите немного.
        [few] С одного адреса обслуживаются { $most } запроса в секунду. Подождите немного.
       *[many] С одного адреса обслуживаются { $most } запросов в секунду. Подождите немного.
    }
flood-sockets =
    { $most ->
        [one] Одновременно на связи может быть только { $most } ваша страница. Закройте её, и эта оживёт.
        [few] Одновременно на связи могут быть только { $most } ваши страницы. Закройте одну из них, и эта оживёт.
       *[many] Одновременно на связи могут быть только { $most } ваших страниц. Закройте одну из них, и эта оживёт.
    }
error-overloaded-title = Слишком много дел
error-overloaded = Дел сейчас больше, чем можно сделать. Ничего не изменено; попробуйте ещё раз через минуту.
error-database-unavailable-title = База данных не отвечает
error-database-unavailable = База данных сейчас не отвечает. Ничего не изменено; попробуйте ещё раз через минуту.
error-outcome-unknown-title = Неизвестно, сделано ли это
error-outcome-unknown = Связь с базой данных прервалась в последний миг: это могло быть сделано, а могло и не быть. Проверьте, прежде чем пробовать ещё раз.
error-outcome-unknown-keyed = Связь с базой данных прервалась в последний миг: это могло быть сделано, а могло и не быть. Отправьте тот же запрос ещё раз: дважды это сделано не будет.
error-internal-title = Наша ошибка
error-internal = Что-то сломалось у нас (номер { $trace }). Попробуйте ещё раз через минуту.

## Что не так с полем или с тем, как отправлен запрос

price-empty = Скажите, пожалуйста, сколько вы платите.
price-not-a-number = Цена должна быть числом, например 99,95.
price-sign = В цене не должно быть знака плюс или минус.
price-exponent = Цена должна быть записана полностью, без порядка.
price-too-many-digits =
    { $allowed ->
        [0] В этой валюте цена должна быть целым числом.
        [one] В этой валюте у цены может быть { $allowed } знак после запятой.
        [few] В этой валюте у цены может быть { $allowed } знака после запятой.
       *[many] В этой валюте у цены может быть { $allowed } знаков после запятой.
    }
price-zero = Цена должна быть больше нуля.
price-too-large = Цена должна быть не больше { $max } { $currency }.
description-empty = Опишите, пожалуйста, что нужно сделать.
description-too-long =
    { $max ->
        [one] В описании может быть не больше { $max } знака.
       *[other] В описании может быть не больше { $max } знаков.
    }
description-control-character = В описании есть управляющий знак. Допускаются только переводы строк и табуляции.
reason-empty = Скажите, пожалуйста, почему.
reason-too-long =
    { $max ->
        [one] В причине может быть не больше { $max } знака.
       *[other] В причине может быть не больше { $max } знаков.
    }
reason-control-character = В причине есть управляющий знак. Допускаются только переводы строк и табуляции.
note-empty = Напишите, пожалуйста, что-нибудь.
note-too-long =
    { $max ->
        [one] В сообщении может быть не больше { $max } знака.
       *[other] В сообщении может быть не больше { $max } знаков.
    }
note-control-character = В сообщении есть управляющий знак. Допускаются только переводы строк и табуляции.
currency-unknown = Валюта должна быть одной из: { $allowed }.
version-malformed = Версия должна быть номером версии заказа.
outcome-unknown = Решение (outcome) должно быть completed или cancelled.
choice-unknown = Допускается одно из: { $allowed }.
field-missing = Поля «{ $field }» нет.
field-repeated = Поле «{ $field }» указано больше одного раза.
field-not-text = Поле «{ $field }» должно быть строкой.
user-malformed = Роль (X-User-Type) должна быть customer, executor или admin, а номер (X-User-Id) — от 1 до 2147483647.
key-malformed = Idempotency-Key должен состоять из 1–128 видимых знаков ASCII.
body-malformed-json = Тело запроса — не тот объект JSON, который здесь ожидается.
body-malformed-form = Тело запроса — не форма в UTF-8.
body-incomplete = Тело запроса пришло не полностью.
before-malformed = «before» должно быть номером.
socket-malformed = По этому адресу принимаются только соединения WebSocket с «since», «history» и «batch», какими их дала страница.
host-not-allowed = Под этим именем узла демонстрация не отвечает.
foreign-site = Это пришло с другого сайта, поэтому не сделано.

## Учётные записи

log-in = Войти
log-in-title = Вход
log-in-no-account = Ещё не зарегистрированы?
log-in-forgotten = Забыли пароль? Новый может выдать тот, кто управляет этой доской.
sign-up = Зарегистрироваться
sign-up-title = Регистрация
sign-up-have-account = Уже зарегистрированы?
sign-up-name-hint = От 3 до 32 букв, цифр, точек, дефисов и подчёркиваний. Другие видят только ваш номер.
sign-up-roles = Что вы будете здесь делать?
sign-up-customer = Размещать заказы
sign-up-executor = Выполнять заказы
sign-up-both = И то и другое, по очереди
log-out = Выйти
log-out-everywhere = Выйти везде
person-label = Вы
act-as-customer = Стать заказчиком
act-as-executor = Стать исполнителем
account = Учётная запись
account-title = Учётная запись
account-name = Имя
account-password = Пароль
account-who = { $name }, номер { $id }
password-title = Пароль
password-current = Нынешний пароль
password-new = Новый пароль
password-hint = Не короче 10 любых символов. Хороши несколько слов, которые вместе не поставит никто другой.
password-change = Сменить пароль
sessions-title = Где выполнен вход
sessions-text = Смена пароля завершает все сеансы, кроме этого.
session-own = этот браузер
session-end = Выйти
tokens-title = Токены для программ
tokens-text = Программа, которая присылает токен в заголовке «Authorization: Bearer …», работает с API и живой лентой от вашего имени, в одной роли. Токен действует, пока вы его не отзовёте.
token-made = Вот токен. Скопируйте его сейчас: больше он показан не будет.
token-label = Для чего он?
token-role = Действует как
token-make = Создать токен
token-end = Отозвать
pass-created = создан
pass-seen = использован

flash-acts-as-customer = Теперь вы заказчик.
flash-acts-as-executor = Теперь вы исполнитель.
flash-logged-out = Вы вышли.
flash-password-changed = Пароль изменён, все остальные сеансы завершены.
flash-pass-ended = Готово: доступа больше нет.

name-short = В имени не меньше 3 символов.
name-long = В имени не больше 32 символов.
name-characters = В имени только буквы, цифры, точки, дефисы и подчёркивания.
name-mixed = В имени либо латинские, либо кириллические буквы, но не те и другие вместе.
name-taken = Это имя уже занято.
password-short = В пароле не меньше 10 символов.
password-long = В пароле не больше 128 символов.
password-common = Такой пароль многие попробуют первым. Выберите другой.
password-wrong = Это не ваш пароль.
token-label-rule = Напишите, для чего он, от 1 до 40 символов.
token-too-many = У вас уже 20 токенов. Отзовите тот, который больше не нужен.
error-wrong-password = Имя или пароль не подходят.
error-stale-form-title = Форма устарела
error-stale-form = Она открыта до того, как вы в последний раз вошли или вышли. Вернитесь, обновите страницу и отправьте её ещё раз.
flood-log-ins = Слишком много попыток ввести пароль. Подождите четверть часа.
flood-sign-ups = Сегодня из вашей сети создано слишком много учётных записей.
