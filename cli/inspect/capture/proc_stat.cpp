#include "capture/proc_stat.hpp"

#include <cerrno>
#include <charconv>
#include <vector>

namespace tasks::inspect {
namespace {

template <class Number> std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || end.ec != std::errc{} || end.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> found;
    while (true) {
        const auto start = text.find_first_not_of(" \t\n");
        if (start == text.npos) {
            return found;
        }
        text.remove_prefix(start);
        const auto end = std::min(text.find_first_of(" \t\n"), text.size());
        found.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

template <class Number>
void keep(std::optional<Number>& into, const std::vector<std::string_view>& values, std::size_t at) {
    if (at < values.size()) {
        into = number<Number>(values[at]);
    }
}

void keep_kib(std::optional<std::uint64_t>& into, const std::vector<std::string_view>& values) {
    keep(into, values, 0);
    if (into) {
        into = *into * 1024;
    }
}

void keep_line(ProcStatus& status, std::string_view key, std::string_view rest) {
    if (key == "Uid") {
        keep(status.real_uid, words(rest), 0);
        keep(status.effective_uid, words(rest), 1);
    } else if (key == "Gid") {
        keep(status.effective_gid, words(rest), 1);
    } else if (key == "NSpid") {
        const auto values = words(rest);
        keep(status.innermost_pid, values, values.empty() ? 0 : values.size() - 1);
    } else if (key == "VmRSS") {
        keep_kib(status.rss_bytes, words(rest));
    } else if (key == "VmHWM") {
        keep_kib(status.peak_rss_bytes, words(rest));
    } else if (key == "voluntary_ctxt_switches") {
        keep(status.switches_voluntary, words(rest), 0);
    } else if (key == "nonvoluntary_ctxt_switches") {
        keep(status.switches_involuntary, words(rest), 0);
    } else if (key == "Cpus_allowed_list") {
        const auto values = words(rest);
        status.allowed_cpus = values.empty() ? std::nullopt : count_cpus(values.front());
    }
}

} // namespace

std::optional<ProcStat> parse_stat(std::string_view line) {
    const auto open = line.find('(');
    const auto close = line.rfind(')'); // the name may hold parentheses and blanks itself
    if (open == line.npos || close == line.npos || close < open || open < 2) {
        return std::nullopt;
    }
    const auto fields = words(line.substr(close + 1)); // [0] is field 3
    const auto pid = number<std::uint32_t>(line.substr(0, open - 1));
    if (fields.size() < 20 || fields[0].size() != 1 || !pid) {
        return std::nullopt;
    }
    const auto ppid = number<std::uint32_t>(fields[1]);
    const auto threads = number<std::uint64_t>(fields[17]);
    const auto start = number<std::uint64_t>(fields[19]);
    if (!ppid || !threads || !start) {
        return std::nullopt;
    }
    ProcStat stat{*pid, std::string{line.substr(open + 1, close - open - 1)}, fields[0][0], *ppid, *threads, *start};
    stat.flags = number<std::uint32_t>(fields[6]).value_or(0);
    stat.kernel_ticks = number<std::uint64_t>(fields[12]).value_or(0);
    stat.cpu_ticks = number<std::uint64_t>(fields[11]).value_or(0) + stat.kernel_ticks;
    stat.cpu = fields.size() > 36 ? number<std::uint32_t>(fields[36]) : std::nullopt;
    return stat;
}

Result<ProcStat, int> read_stat(const ProcFiles& proc, std::uint32_t pid) {
    const auto line = proc.read_once(pid, "stat");
    if (!line) {
        return Failure{line.error()};
    }
    auto stat = parse_stat(*line);
    if (!stat) {
        return Failure{EBADMSG};
    }
    return *std::move(stat);
}

ProcStatus parse_status(std::string_view text) {
    ProcStatus status;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto colon = line.find(':');
        if (colon != line.npos) {
            keep_line(status, line.substr(0, colon), line.substr(colon + 1));
        }
    }
    return status;
}

std::optional<std::uint32_t> count_cpus(std::string_view list) {
    std::uint32_t count = 0;
    while (!list.empty()) {
        const auto part = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), part.size() + 1));
        const auto dash = part.find('-');
        const auto first = number<std::uint32_t>(part.substr(0, dash));
        const auto last = dash == part.npos ? first : number<std::uint32_t>(part.substr(dash + 1));
        if (!first || !last || *last < *first || *last > 1u << 20) {
            return std::nullopt;
        }
        count += *last - *first + 1;
    }
    return count == 0 ? std::nullopt : std::optional{count};
}

} // namespace tasks::inspect
