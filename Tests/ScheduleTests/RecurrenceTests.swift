import Schedule
import Testing

struct RecurrenceTests {
  @Test(arguments: [
    ("1m", "* * * * *", "*:*"), ("15m", "*/15 * * * *", "*:0/15"), ("30m", "*/30 * * * *", "*:0/30"),
    ("60m", "0 * * * *", "hourly"), ("1h", "0 * * * *", "hourly"), ("hourly", "0 * * * *", "hourly"),
    ("6h", "0 */6 * * *", "0/6:00"), ("120m", "0 */2 * * *", "0/2:00"), ("24h", "0 0 * * *", "daily"),
    ("daily", "0 0 * * *", "daily"), ("03:00", "0 3 * * *", "03:00"), ("3:05", "5 3 * * *", "03:05"),
    ("23:59", "59 23 * * *", "23:59"), ("weekly", "0 0 * * 1", "Mon 00:00"),
    ("Mon 03:00", "0 3 * * 1", "Mon 03:00"), ("sunday 00:00", "0 0 * * 0", "Sun 00:00"),
    ("SAT 12:30", "30 12 * * 6", "Sat 12:30"),
  ])
  func `an interval reads as it is written, and cron and systemd mean the same by it`(
    _ text: String, _ cron: String, _ calendar: String
  ) throws {
    let recurrence = try Recurrence(text)
    #expect(try recurrence.cronFields(for: "cron") == cron)
    #expect(recurrence.calendar == calendar)
  }

  @Test(arguments: [
    "", " ", "m", "0m", "-5m", "+5m", "15", "15s", "15 m", "1d", "25h", "99999m", "99999999999999999999m",
    "1.5h",
    "24:00", "3", "03:60", "03:0", "3:5:7", ":30", "Mon", "Mo 03:00", "Funday 03:00", "Mon 03:00 04:00",
    "monthly",
    "Mon 24:00", "１５m", "*/15 * * * *", "15m\n", "hourly\n",
  ])
  func `what is no interval is refused, with what could be written`(_ text: String) {
    let error = #expect(throws: ScheduleError.self) { try Recurrence(text) }
    #expect(error?.description.hasPrefix("--every \"\(text)\": ") == true)
  }

  @Test(arguments: ["7m", "45m", "90m", "5h", "23h", "61m"])
  func `what cron can't do evenly is refused, with what it can, and left to systemd's own interval`(
    _ text: String
  )
    throws
  {
    let recurrence = try Recurrence(text)
    let error = #expect(throws: ScheduleError.self) { try recurrence.cronFields(for: "cron") }
    #expect(error?.description.contains("1m, 2m, 3m, 4m, 5m, 6m, 10m, 12m, 15m, 20m or 30m") == true)
    #expect(error?.description.contains("1h, 2h, 3h, 4h, 6h, 8h or 12h") == true)
    #expect(recurrence.calendar == nil)
  }
}
