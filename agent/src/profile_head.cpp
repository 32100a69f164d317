#include "profile_head.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

#include <tasks/protocol/version.hpp>

#include "clock.hpp"

namespace tasks::agent {
namespace {

struct Date {
    std::uint64_t year;
    std::uint64_t month;
    std::uint64_t day;
};

/// The proleptic Gregorian date of a day since the epoch (Howard Hinnant, "chrono-compatible low-level date
/// algorithms"). gmtime_r() takes a lock of the C library's.
constexpr Date date_of(std::uint64_t days) noexcept {
    const std::uint64_t shifted = days + 719'468; // since 0000-03-01
    const std::uint64_t era = shifted / 146'097;
    const std::uint64_t day_of_era = shifted % 146'097;
    const std::uint64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::uint64_t shifted_month = (5 * day_of_year + 2) / 153;
    const std::uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
            .month = month,
            .day = day_of_year - (153 * shifted_month + 2) / 5 + 1};
}
static_assert(date_of(0).year == 1970 && date_of(0).month == 1 && date_of(0).day == 1);
static_assert(date_of(19'782).month == 2 && date_of(19'782).day == 29); // of 2024

ProfileOutput& two_digits(std::uint64_t number, ProfileOutput& output) noexcept {
    return output << (number < 10 ? "0" : "") << number;
}

void write_time(std::uint64_t realtime_ns, ProfileOutput& output) noexcept {
    const std::uint64_t seconds = realtime_ns / 1'000'000'000;
    const Date date = date_of(seconds / 86'400);
    output << date.year << "-";
    two_digits(date.month, output) << "-";
    two_digits(date.day, output) << "T";
    two_digits(seconds / 3'600 % 24, output) << ":";
    two_digits(seconds / 60 % 60, output) << ":";
    two_digits(seconds % 60, output) << "Z";
}

std::string_view word(ProfileDetail detail) noexcept {
    return detail == ProfileDetail::groups ? "groups" : detail == ProfileDetail::tasks ? "tasks" : "stacks";
}

} // namespace

bool read_process(const protocol::TableSource& table, ProfiledProcess& process) noexcept {
    // All before the history: a page would be much of a small stack.
    std::array<char, offsetof(protocol::TableHeader, history)> bytes;
    static_assert(sizeof bytes < 512);
    if (table.read_at(0, bytes) != static_cast<std::int64_t>(bytes.size()))
        return false;
    const auto take = [&bytes](std::size_t at, auto& into) { std::memcpy(&into, bytes.data() + at, sizeof into); };
    std::array<char, 8> magic;
    std::array<char, 64> name;
    take(offsetof(protocol::TableHeader, magic), magic);
    take(offsetof(protocol::TableHeader, pid), process.pid);
    take(offsetof(protocol::TableHeader, start_time_ticks), process.start_time_ticks);
    take(offsetof(protocol::TableHeader, uid), process.uid);
    take(offsetof(protocol::TableHeader, agent_tid), process.agent_tid);
    take(offsetof(protocol::TableHeader, boot_id), process.boot_id);
    take(offsetof(protocol::TableHeader, name), name);
    name.back() = '\0';
    process.name << std::string_view{name.data()};
    process.own_tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    process.taken_ns = now_ns();
    process.taken_realtime_ns = read_clock(CLOCK_REALTIME);
    return magic == protocol::table_magic;
}

void write_head(const ProfiledProcess& process, ProfileDetail detail, ProfileOutput& output) noexcept {
    output << "tasks profile 1  " << word(detail) << "\n";
    (output << "process " << process.pid << "  ").text(process.name.view())
        << "  started " << process.start_time_ticks << "  uid " << process.uid << "\n";
    (output << "boot ").text({process.boot_id.data(), process.boot_id.size()}) << "\n";
    output << "time ";
    write_time(process.taken_realtime_ns, output);
    output << "  realtime " << process.taken_realtime_ns << "  monotonic " << process.taken_ns << "\n";
    output << "agent " << protocol::version << "  tid " << process.agent_tid << "\n";
}

void write_end(const ProfileWalk::Totals& totals, std::uint64_t dropped, ProfileOutput& output) noexcept {
    if (!totals.table_read)
        output << "incomplete  the table could not be read: registered jobs are not known\n";
    if (totals.unreadable != 0)
        output << "incomplete  " << totals.unreadable
               << " records of the table changed at every look, or are damaged\n";
    if (!totals.threads_listed)
        output << "incomplete  the threads could not be listed: /proc/self/task cannot be read\n";
    if (totals.threads_left_out != 0)
        output << "incomplete  " << totals.threads_left_out << " more threads are not told\n";
    if (totals.out_of_time)
        output << "incomplete  the time was too short: more tasks or threads are not told\n";
    output << "end  tasks " << totals.tasks << "  dropped " << dropped << "\n";
}

} // namespace tasks::agent
