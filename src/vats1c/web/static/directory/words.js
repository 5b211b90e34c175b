// The dictionaries of the directory page.

import { counted, language } from "../lib/words.js";

const DAY_MS = 86_400_000;

const RU = {
  directory: "Справочник",
  card: "Звонки",
  sign_out: "Выйти",
  signed_out: "Сеанс закончился, нужно войти снова. То, что вы набрали, останется здесь.",
  sign_in: "Войти в новой вкладке",
  first_sign_in: "Чтобы открыть справочник, нужно войти.",
  first_sign_in_link: "Войти",
  silent: "Сервис не отвечает. Проверьте связь и повторите.",
  again: "Повторить",
  parts: "Части справочника",
  skip: "К содержанию",
  other_language: "English",

  callers: "Записи",
  find: "Поиск",
  find_hint: "Имя, компания, заметка или часть номера",
  add: "Добавить",
  new_caller: "Новая запись",
  name: "Имя",
  whose: "Имя и компания",
  numbers: "Номера",
  company: "Компания",
  category: "Категория",
  manager: "Менеджер",
  note: "Заметка",
  changed: "Изменено",
  actions: "Действия",
  numbers_hint: "По одному в строке, в любой записи",
  manager_hint: "Внутренний номер",
  edit: "Изменить",
  remove: "Удалить",
  save: "Сохранить",
  cancel: "Отмена",
  put_back: "Вернуть",
  open_it: "Открыть эту запись",
  copy: "Скопировать",
  copied: "Скопировано",
  more: "Показать ещё",
  nobody_yet: "Справочник пуст",
  nobody_yet_hint: "Добавьте первую запись или загрузите файл: CSV, Excel, vCard.",
  nobody: "Ничего не найдено",
  to_import: "Загрузить файл",
  today: "сегодня",
  yesterday: "вчера",

  unknown: "Неизвестные",
  unknown_hint:
    "Звонившие за последние 30 дней, у которых нет имени. Наберите имя и нажмите Enter: имя появится и в прошлых звонках.",
  naming: "Кто это?",
  put_down: "Записать",
  none_unknown: "Все звонившие известны",
  none_unknown_hint: "За последние 30 дней не было звонков с номеров, которых нет в справочнике.",
  complete: "Дополнить",

  import: "Загрузка",
  drop: "Перетащите файл сюда",
  or: "или",
  choose: "Выберите файл",
  import_hint:
    "CSV, Excel (XLSX) или контакты vCard (VCF). Сначала файл будет проверен: без вашего согласия ничего не изменится.",
  columns_hint:
    "В первой строке таблицы — названия столбцов: номер, имя, компания, категория, менеджер, заметка. Нужны номер и имя.",
  checking: "Проверяем файл…",
  importing: "Загружаем…",
  undoing: "Отменяем…",
  report: "Проверка файла",
  report_hint: "Пока ничего не изменено.",
  too_large: "Файл больше 32 МБ. Разделите его на части или загрузите командой vats1c directory import.",
  unreadable: "Файл не читается: возможно, его переместили или это папка.",
  done: "Загружено",
  undone: "Загрузка отменена",
  added: "новых",
  will_change: "изменится",
  did_change: "изменено",
  same: "без изменений",
  passed_over: "пропущено",
  removed_rows: "убрано",
  restored: "возвращено",
  kept: "оставлено",
  kept_hint: "Оставлены те записи, которые после загрузки изменили или удалили.",
  nothing_new: "Загружать нечего: нового в файле нет.",
  undo_import: "Отменить загрузку",
  other_file: "Другой файл",
  skipped: "Пропущенные строки",
  line: "Строка",
  code: "Код",
  why: "Почему",

  no_right: "Справочник изменяет администратор",
  no_right_hint:
    "У вас нет права изменять справочник. Если имя звонящего неверно или его нет, скажите об этом администратору: он исправит запись, и новое имя сразу появится на карточках.",
  no_directory: "Нет справочника, который можно изменять",
  no_directory_hint:
    "Справочники из файлов, баз данных и 1С изменяют там, где их ведут. Чтобы вести справочник на этой странице, добавьте его в настройки и перезапустите сервис:",

  found: (/** @type {number} */ count) =>
    counted("ru", count, { one: "Найдена # запись", few: "Найдены # записи", many: "Найдено # записей" }),
  all: (/** @type {number} */ count) =>
    counted("ru", count, { one: "# запись", few: "# записи", many: "# записей" }),
  first: (/** @type {number} */ count) =>
    counted("ru", count, { one: "Показана первая #", few: "Показаны первые #", many: "Показаны первые #" }),
  too_many: (/** @type {number} */ count) =>
    `Показаны первые ${count}. Чтобы увидеть остальные, уточните поиск.`,
  times: (/** @type {number} */ count) =>
    counted("ru", count, { one: "# звонок", few: "# звонка", many: "# звонков" }),
  import_it: (/** @type {number} */ count) =>
    counted("ru", count, {
      one: "Загрузить # запись",
      few: "Загрузить # записи",
      many: "Загрузить # записей",
    }),
  unsaid: (/** @type {number} */ count) =>
    counted("ru", count, { one: "И ещё # строка", few: "И ещё # строки", many: "И ещё # строк" }),
  last: (/** @type {string} */ when) => `последний ${when}`,
  removed: (/** @type {string} */ name) => `Удалено: ${name}`,
  is_back: (/** @type {string} */ name) => `Возвращено: ${name}`,
  saved: (/** @type {string} */ name) => `Сохранено: ${name}`,
  is_added: (/** @type {string} */ name) => `Добавлено: ${name}`,
  named: (/** @type {string} */ number, /** @type {string} */ name) => `${number} — теперь «${name}»`,
  taken: (/** @type {string} */ number, /** @type {string} */ name) => `${number} уже есть у «${name}»`,
  naming_of: (/** @type {string} */ number) => `Имя для ${number}`,
  belongs_to: (/** @type {string} */ name) => `Это ещё один номер «${name}»`,
  it_is: (/** @type {string} */ name) => `Это «${name}»`,
  edit_of: (/** @type {string} */ name) => `Изменить: ${name}`,
  remove_of: (/** @type {string} */ name) => `Удалить: ${name}`,
  copy_of: (/** @type {string} */ number) => `Скопировать ${number}`,
  add_this: (/** @type {string} */ text) => `Добавить «${text}»`,
};

/** @type {typeof RU} */
const EN = {
  directory: "Directory",
  card: "Calls",
  sign_out: "Sign out",
  signed_out: "Your session has ended: sign in again. What you have typed stays here.",
  sign_in: "Sign in, in a new tab",
  first_sign_in: "Sign in to open the directory.",
  first_sign_in_link: "Sign in",
  silent: "The service does not answer. Check the connection and try again.",
  again: "Try again",
  parts: "Parts of the directory",
  skip: "Skip to content",
  other_language: "Русский",

  callers: "Callers",
  find: "Find",
  find_hint: "Name, company, note or part of a number",
  add: "Add",
  new_caller: "New caller",
  name: "Name",
  whose: "Name and company",
  numbers: "Numbers",
  company: "Company",
  category: "Category",
  manager: "Manager",
  note: "Note",
  changed: "Changed",
  actions: "Actions",
  numbers_hint: "One a line, written in any way",
  manager_hint: "Internal extension",
  edit: "Edit",
  remove: "Remove",
  save: "Save",
  cancel: "Cancel",
  put_back: "Put back",
  open_it: "Open it",
  copy: "Copy",
  copied: "Copied",
  more: "Show more",
  nobody_yet: "The directory is empty",
  nobody_yet_hint: "Add the first caller or import a file: CSV, Excel, vCard.",
  nobody: "Nothing found",
  to_import: "Import a file",
  today: "today",
  yesterday: "yesterday",

  unknown: "Unknown",
  unknown_hint:
    "Those who called in the last 30 days and have no name. Type a name and press Enter: past calls get the name too.",
  naming: "Who is it?",
  put_down: "Save",
  none_unknown: "Every caller is known",
  none_unknown_hint: "In the last 30 days nobody called from a number that is not in the directory.",
  complete: "Add details",

  import: "Import",
  drop: "Drop a file here",
  or: "or",
  choose: "Choose a file",
  import_hint:
    "CSV, Excel (XLSX) or vCard contacts (VCF). The file is checked first: nothing changes until you agree.",
  columns_hint:
    "The first row of a table names its columns: number, name, company, category, manager, note. Number and name are needed.",
  checking: "Checking the file…",
  importing: "Importing…",
  undoing: "Undoing…",
  report: "The file was checked",
  report_hint: "Nothing has been changed yet.",
  too_large: "The file is larger than 32 MB. Divide it, or use the command vats1c directory import.",
  unreadable: "The file cannot be read: it may have been moved, or be a folder.",
  done: "Imported",
  undone: "The import was undone",
  added: "new",
  will_change: "to change",
  did_change: "changed",
  same: "the same",
  passed_over: "passed over",
  removed_rows: "removed",
  restored: "restored",
  kept: "kept",
  kept_hint: "Callers that were changed or removed after the import are left as they are.",
  nothing_new: "There is nothing to import: the file has nothing new.",
  undo_import: "Undo the import",
  other_file: "Another file",
  skipped: "Rows passed over",
  line: "Line",
  code: "Code",
  why: "Why",

  no_right: "An administrator edits the directory",
  no_right_hint:
    "You may not edit the directory. If a caller's name is wrong or missing, tell your administrator: once it is mended, cards show the new name at once.",
  no_directory: "There is no directory that can be edited",
  no_directory_hint:
    "Directories from files, databases and 1C are edited where they are kept. To keep one on this page, add it to the settings and restart the service:",

  found: (count) => counted("en", count, { one: "# caller found", other: "# callers found" }),
  all: (count) => counted("en", count, { one: "# caller", other: "# callers" }),
  first: (count) => `The first ${count} are shown`,
  too_many: (count) => `The first ${count} are shown. To see others, look for something more precise.`,
  times: (count) => counted("en", count, { one: "# call", other: "# calls" }),
  import_it: (count) => counted("en", count, { one: "Import # caller", other: "Import # callers" }),
  unsaid: (count) => counted("en", count, { one: "And # more row", other: "And # more rows" }),
  last: (when) => `the last ${when}`,
  removed: (name) => `Removed: ${name}`,
  is_back: (name) => `Put back: ${name}`,
  saved: (name) => `Saved: ${name}`,
  is_added: (name) => `Added: ${name}`,
  named: (number, name) => `${number} is now “${name}”`,
  taken: (number, name) => `${number} already belongs to “${name}”`,
  naming_of: (number) => `Name of ${number}`,
  belongs_to: (name) => `It is another number of “${name}”`,
  it_is: (name) => `It is “${name}”`,
  edit_of: (name) => `Edit: ${name}`,
  remove_of: (name) => `Remove: ${name}`,
  copy_of: (number) => `Copy ${number}`,
  add_this: (text) => `Add “${text}”`,
};

export const dictionaries = { ru: RU, en: EN };
export const words = dictionaries[language];

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/**
 * Format an ISO 8601 time: "today, 14:20" or "yesterday, 14:20", before that the date, with the year where it differs.
 * @param {string} time
 */
export function formatTime(time, now = new Date()) {
  const at = new Date(time);
  const days = Math.round((midnightMs(now) - midnightMs(at)) / DAY_MS);
  if (days === 0 || days === 1) {
    return `${days ? words.yesterday : words.today}, ${clock.format(at)}`;
  }
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year }).format(at);
}

/** @param {Date} at */
function midnightMs(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}
