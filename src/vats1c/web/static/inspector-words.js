// Every sentence of the inspector, in Russian and in English.
// Rule: both languages have the same words; what counts something is a function of the figure.

function plural(count, one, few, many) {
  const [last, teens] = [count % 10, Math.floor(count / 10) % 10];
  return teens === 1 || last === 0 || last > 4 ? many : last === 1 ? one : few;
}

const RU = {
  title: "Обмен с ВАТС",
  card: "Карточка",
  directory: "Справочник",
  language: "English",
  sign_out: "Выйти",
  sign_in: "Войти",
  skip: "К списку звонков",
  silent: "Сервис не отвечает. Проверьте связь и повторите.",
  forbidden: "Эта страница для администратора.",

  connecting: "Соединяемся…",
  live: "Вживую",
  polling: "Вживую, с задержкой",
  lost: (since) => `Устарело с ${since}: нет связи`,
  out: "Сеанс закончился",

  refusals: "Отказы",
  times: (count) => `${count} ${plural(count, "раз", "раза", "раз")}`,
  last_at: (time) => `последний ${time}`,
  show: "Показать",
  hide: "Скрыть",
  find: "Найти",
  find_hint: "Номер или имя",
  outcome: "Исход",
  every: "Все",
  only_answered: "Отвечено",
  only_refused: "Отказы",
  pause: "Пауза",
  go_on: (count) => (count ? `Продолжить (новых: ${count})` : "Продолжить"),
  test_call: "Отправить тестовый звонок",
  export: "Скачать",
  calls: "Звонки",
  capped: "Показаны последние 500 звонков; остальные — поиском или в выгрузке.",
  not_found: "Ничего не нашлось. Измените поиск или исход.",
  empty: "Запросов ещё не было",
  empty_hint: "Впишите адрес веб-сервиса в настройках ВАТС: первый же звонок появится здесь.",
  empty_curl: "Или спросите сами, кто звонит:",
  empty_login: "SOAP:123 — пример из описания ВАТС; замените своими именем и паролем.",
  address: "Адрес для ВАТС",
  wsdl: "WSDL",
  copy: "Скопировать",
  copied: "Скопировано",

  detail: "Обмен",
  nothing_chosen: "Выберите звонок, и здесь будет всё: запрос и ответ, заголовки, что решено и почему.",
  close: "Закрыть",
  gone: "Такого обмена нет: журнал его уже не хранит.",
  steps: "Шаги звонка",
  report: "Соответствие WSDL",
  no_findings: "Отклонений нет: запрос такой, какие шлёт ВАТС.",
  unknown_report: "Байты запроса уже не хранятся, проверить нечего.",
  error: "ошибка",
  warning: "замечание",
  note: "к сведению",
  decided: "Что решено",
  outcome_of: "Исход",
  answered: (status) => `отвечено, HTTP ${status}`,
  refused: (why, status) => `${why}, HTTP ${status}`,
  operation: "Операция",
  contract: "Ответ",
  plain_name: "имя текстом",
  document: "документ <data>",
  number: "Номер",
  as_sent: (text) => `пришёл как «${text}»`,
  caller: "Звонит",
  nobody: "никого не нашлось",
  found_in: (name) => `справочник ${name}`,
  exact: "Как есть",
  pretty: "С отступами",
  key: "Ключ",
  no_owner: "ключ никому не назначен",
  publication: "Публикация",
  nowhere: "такой нет",
  elapsed: "Время",
  milliseconds: (figure) => `${figure} мс`,
  seconds: (figure) => `${figure} с`,
  sender: "Отправитель",
  call: "Звонок в журнале",
  request: "Запрос",
  answer: "Ответ сервиса",
  bytes: (count) => `${count} ${plural(count, "байт", "байта", "байт")}`,
  base64: "в base64: это не текст в UTF-8",
  empty_body: "пусто",
  unread: "тело не читалось",
  not_kept: "байты уже не хранятся",
  headers: "Заголовки запроса",
  no_headers: "не хранятся",
  again: "Повторить",
  link: "Ссылка",
  hidden_number: "Номер скрыт",
  confidence: {
    exact: "точное совпадение",
    local: "по местному номеру",
    last_digits: "по последним цифрам",
    ambiguous: "один из нескольких",
  },
  outcomes: {
    auth: ["Вход не принят", "Сверьте имя и пароль веб-сервиса в настройках ВАТС и в [[users]]."],
    logins: ["Слишком много попыток входа", "Исправьте пароль и подождите: отправитель временно не впускается."],
    path: ["Неверный адрес", "Адрес оканчивается на /ws/VATS; сверьте его с настройками ВАТС, регистр важен."],
    method: ["Не POST", "Запрос SOAP отправляют методом POST; описание берут по ?wsdl."],
    type: ["Не тот вид тела", "Нужен несжатый text/xml, без вложений multipart."],
    encoding: ["Кодировка", "Отправляйте XML в UTF-8."],
    size: ["Слишком большой запрос", "У запроса ВАТС меньше килобайта: проверьте, что отправляется."],
    truncated: ["Запрос оборван", "Тело короче, чем обещает Content-Length: проверьте отправителя и прокси."],
    late: ["Тело не пришло", "Отправитель или сеть не успели: проверьте прокси."],
    empty: ["Пустое тело", "Отправьте конверт SOAP в теле запроса."],
    xml: ["Не XML", "Проверьте теги, знаки & и < в тексте и кодировку."],
    dtd: ["DOCTYPE", "Уберите DOCTYPE: в SOAP он запрещён."],
    pi: ["Инструкции обработки", "Уберите <? … ?>: в SOAP они запрещены."],
    version: ["Не конверт SOAP", "Корнем должен быть Envelope SOAP 1.1 или 1.2."],
    envelope: ["Конверт", "В конверте Header, если он нужен, и один Body."],
    body: ["Body", "В Body ровно один элемент: SayName или IncomingCall."],
    header: ["Обязательный заголовок", "Уберите mustUnderstand: ВАТС Header не шлёт."],
    multiref: ["Ссылки href", "Отправляйте document/literal, как в WSDL."],
    nested: ["Вложенный параметр", "Параметры — простой текст."],
    parameters: ["Параметры", "Сверьте имена параметров с WSDL, регистр важен."],
    operation: ["Неизвестная операция", "Есть SayName и IncomingCall в http://VATS."],
    journal: ["Журнал не пишется", "Звонок не записан: проверьте диск и базу сервиса."],
    internal: ["Ошибка сервиса", "Смотрите журнал событий сервиса."],
  },
};

const EN = {
  title: "Exchange with the VATS",
  card: "Card",
  directory: "Directory",
  language: "Русский",
  sign_out: "Sign out",
  sign_in: "Sign in",
  skip: "To the list of calls",
  silent: "The service does not answer. Check the connection and try again.",
  forbidden: "This page is for administrators.",

  connecting: "Connecting…",
  live: "Live",
  polling: "Live, with a delay",
  lost: (since) => `Stale since ${since}: no connection`,
  out: "Signed out",

  refusals: "Refusals",
  times: (count) => `${count}×`,
  last_at: (time) => `last at ${time}`,
  show: "Show",
  hide: "Hide",
  find: "Find",
  find_hint: "Number or name",
  outcome: "Outcome",
  every: "All",
  only_answered: "Answered",
  only_refused: "Refused",
  pause: "Pause",
  go_on: (count) => (count ? `Go on (${count} new)` : "Go on"),
  test_call: "Send a test call",
  export: "Download",
  calls: "Calls",
  capped: "The last 500 calls are shown; the others by a search or a download.",
  not_found: "Nothing was found. Change the search or the outcome.",
  empty: "No requests yet",
  empty_hint: "Enter the web service's address in the VATS's settings: the first call appears here.",
  empty_curl: "Or ask yourself who is calling:",
  empty_login: "SOAP:123 is the vendor's example; put your own user and password in its place.",
  address: "Address for the VATS",
  wsdl: "WSDL",
  copy: "Copy",
  copied: "Copied",

  detail: "Exchange",
  nothing_chosen: "Choose a call, and here is all of it: request and answer, headers, what was decided and why.",
  close: "Close",
  gone: "There is no such exchange: the journal no longer keeps it.",
  steps: "Steps of the call",
  report: "Conformance to the WSDL",
  no_findings: "No deviations: the request is what the VATS sends.",
  unknown_report: "The request's bytes are no longer kept: there is nothing to look at.",
  error: "error",
  warning: "warning",
  note: "note",
  decided: "What was decided",
  outcome_of: "Outcome",
  answered: (status) => `answered, HTTP ${status}`,
  refused: (why, status) => `${why}, HTTP ${status}`,
  operation: "Operation",
  contract: "Answer",
  plain_name: "the name as text",
  document: "<data> document",
  number: "Number",
  as_sent: (text) => `sent as “${text}”`,
  caller: "Caller",
  nobody: "nobody was found",
  found_in: (name) => `directory ${name}`,
  exact: "Exact",
  pretty: "Indented",
  key: "Key",
  no_owner: "a key that nobody has",
  publication: "Publication",
  nowhere: "none",
  elapsed: "Time",
  milliseconds: (figure) => `${figure} ms`,
  seconds: (figure) => `${figure} s`,
  sender: "Sender",
  call: "Call in the journal",
  request: "Request",
  answer: "The service's answer",
  bytes: (count) => `${count} byte${count === 1 ? "" : "s"}`,
  base64: "in base64: this is no text in UTF-8",
  empty_body: "empty",
  unread: "the body was not read",
  not_kept: "the bytes are no longer kept",
  headers: "Headers of the request",
  no_headers: "not kept",
  again: "Send again",
  link: "Link",
  hidden_number: "Number withheld",
  confidence: {
    exact: "exact match",
    local: "by the local number",
    last_digits: "by the last digits",
    ambiguous: "one of several",
  },
  outcomes: {
    auth: ["Login refused", "Compare the web service's user and password in the VATS's settings with [[users]]."],
    logins: ["Too many logins", "Correct the password and wait: the sender is turned away for a while."],
    path: ["Wrong address", "The address ends in /ws/VATS; compare it with the VATS's settings, upper case matters."],
    method: ["Not a POST", "A SOAP request is sent by POST; the description is at ?wsdl."],
    type: ["Wrong kind of body", "Uncompressed text/xml is needed, no multipart."],
    encoding: ["Encoding", "Send the XML in UTF-8."],
    size: ["Request too large", "The VATS's request has less than a kilobyte: look at what is sent."],
    truncated: ["Request cut off", "The body is shorter than its Content-Length: look at sender and proxy."],
    late: ["Body did not arrive", "The sender or the network was too slow: look at the proxy."],
    empty: ["Empty body", "Send a SOAP envelope as the body."],
    xml: ["Not XML", "Look at the tags, at & and < in texts, and at the encoding."],
    dtd: ["DOCTYPE", "Take the DOCTYPE out: SOAP forbids it."],
    pi: ["Processing instructions", "Take <? … ?> out: SOAP forbids them."],
    version: ["No SOAP envelope", "The root must be an Envelope of SOAP 1.1 or 1.2."],
    envelope: ["Envelope", "An envelope holds a Header, if need be, and one Body."],
    body: ["Body", "Body holds one element: SayName or IncomingCall."],
    header: ["Mandatory header", "Take mustUnderstand out: the VATS sends no Header."],
    multiref: ["href references", "Send document/literal, as in the WSDL."],
    nested: ["Nested parameter", "Parameters are plain text."],
    parameters: ["Parameters", "Compare the names of the parameters with the WSDL; upper case matters."],
    operation: ["Unknown operation", "There are SayName and IncomingCall in http://VATS."],
    journal: ["Journal not written", "The call is not recorded: look at the service's disk and database."],
    internal: ["Error of the service", "Look at the service's log."],
  },
};

export const language = document.documentElement.lang === "en" ? "en" : "ru";
export const words = language === "en" ? EN : RU;
export const both = [RU, EN];

// What an outcome is called, and what to do about it; one that has no words of its own is told as it is.
export function outcomeOf(outcome) {
  return words.outcomes[outcome] ?? [outcome, ""];
}

// Says the words that the markup asks for.
export function speak(root) {
  for (const one of root.querySelectorAll("[data-word]")) {
    one.textContent = words[one.dataset.word];
  }
  for (const one of root.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", words[one.dataset.label]);
  }
  for (const one of root.querySelectorAll("[data-placeholder]")) {
    one.placeholder = words[one.dataset.placeholder];
  }
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dated = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const exactly = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "medium" });
const figures = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

// The time as a row tells it: the second today, with the day before that.
export function told(time) {
  const at = new Date(time);
  return (at.toDateString() === new Date().toDateString() ? clock : dated).format(at);
}

export function toldExactly(time) {
  return exactly.format(new Date(time));
}

export function figure(value) {
  return figures.format(value);
}
