// Every sentence of the card page, in Russian and in English.
// Rule: both languages have the same words; what counts something is a function of the figure.

const RU = {
  title: "Звонки",
  directory: "Справочник",
  sign_out: "Выйти",
  language: "English",
  signed_out: "Сеанс закончился: карточки не появляются, пока вы не войдёте. То, что вы набрали, останется здесь.",
  sign_in: "Войти в новой вкладке",
  silent: "Сервис не отвечает. Проверьте связь и повторите.",

  connecting: "Соединяемся…",
  live: "На связи",
  polling: "На связи, с задержкой",
  lost: "Нет связи, пробуем снова",
  out: "Вы вышли",

  waiting: "Ожидание звонка",
  waiting_hint: "Карточка появится сама, как только зазвонит телефон.",
  cards: "Звонки сейчас",
  lists: "Списки звонков",
  today: "Сегодня",
  unseen: "Никто не видел",
  no_calls: "Сегодня звонков ещё не было.",
  unseen_hint: "Звонки за сутки, карточку которых никто не увидел: стоит перезвонить.",

  close: "Закрыть карточку",
  copy: "Скопировать",
  copied: "Скопировано",
  hidden: "Номер скрыт",
  unknown: "Неизвестный номер",
  internal: "Внутренний номер",
  last_digits: "по последним цифрам",
  ambiguous: "один из нескольких",
  local: "по местному номеру",
  manager: "Менеджер",
  region: "Регион",
  operator: "Оператор",
  directory_note: "Заметка в справочнике",
  rings: "Звонит у",
  nobody: "ключ никому не назначен",
  unsaved: "Звонок не записан в журнал: заметку сохранить нельзя.",
  call_back: "Перезвонить",
  calling_back: "Сейчас зазвонит ваш телефон",
  crm: "Открыть в CRM",
  to_name: "Кто это?",
  name: "Имя",
  company: "Компания",
  add: "Добавить в справочник",
  found: "Уже есть в справочнике",
  attach: (name) => `Это ещё один номер: ${name}`,
  note: "Заметка о звонке",
  save: "Сохранить",
  saved: (by, at) => `${by}, ${at}`,
  previous: "Раньше звонили",
  repeat: (count) => `${count}-й звонок за 10 минут`,
  ringing: (who) => `Звонит ${who}`,

  sound_off: "Звук: выключен",
  sound_on: "Звук: включён",
  sound_waits: "Звук: нажмите, чтобы зазвучал",
  notices_off: "Уведомления: выключены",
  notices_on: "Уведомления: включены",
  notices_denied: "Уведомления: запрещены в браузере",
  notices_insecure: "Уведомления: нужен HTTPS",
};

const EN = {
  title: "Calls",
  directory: "Directory",
  sign_out: "Sign out",
  language: "Русский",
  signed_out: "Your session has ended: no cards appear until you sign in. What you have typed stays here.",
  sign_in: "Sign in, in a new tab",
  silent: "The service does not answer. Check the connection and try again.",

  connecting: "Connecting…",
  live: "Connected",
  polling: "Connected, with a delay",
  lost: "No connection, trying again",
  out: "Signed out",

  waiting: "Waiting for a call",
  waiting_hint: "The card appears by itself as soon as the phone rings.",
  cards: "Calls now",
  lists: "Lists of calls",
  today: "Today",
  unseen: "Nobody saw",
  no_calls: "No calls today yet.",
  unseen_hint: "The last day's calls whose card nobody saw: worth calling back.",

  close: "Close the card",
  copy: "Copy",
  copied: "Copied",
  hidden: "Number withheld",
  unknown: "Unknown number",
  internal: "Internal number",
  last_digits: "by the last digits",
  ambiguous: "one of several",
  local: "by the local number",
  manager: "Manager",
  region: "Region",
  operator: "Operator",
  directory_note: "Note in the directory",
  rings: "Rings at",
  nobody: "a key that nobody has",
  unsaved: "The call is not in the journal: a note cannot be saved.",
  call_back: "Call back",
  calling_back: "Your phone is about to ring",
  crm: "Open in CRM",
  to_name: "Who is this?",
  name: "Name",
  company: "Company",
  add: "Add to the directory",
  found: "Already in the directory",
  attach: (name) => `One more number of ${name}`,
  note: "Note on the call",
  save: "Save",
  saved: (by, at) => `${by}, ${at}`,
  previous: "Called before",
  repeat: (count) => `${count}${{ 2: "nd", 3: "rd" }[count] ?? "th"} call in 10 minutes`,
  ringing: (who) => `${who} is calling`,

  sound_off: "Sound: off",
  sound_on: "Sound: on",
  sound_waits: "Sound: click to let it play",
  notices_off: "Notifications: off",
  notices_on: "Notifications: on",
  notices_denied: "Notifications: blocked in the browser",
  notices_insecure: "Notifications: HTTPS needed",
};

export const language = document.documentElement.lang === "en" ? "en" : "ru";
export const words = language === "en" ? EN : RU;
export const both = [RU, EN];

// Says the words that the markup asks for.
export function speak(root) {
  for (const one of root.querySelectorAll("[data-word]")) {
    one.textContent = words[one.dataset.word];
  }
  for (const one of root.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", words[one.dataset.label]);
  }
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const dated = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

// The time of a call as people say it: the hour today, with the day before that.
export function told(time) {
  const at = new Date(time);
  return (at.toDateString() === new Date().toDateString() ? clock : dated).format(at);
}
