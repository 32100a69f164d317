#include "commands/target_text.hpp"

#include <algorithm>
#include <charconv>

namespace tasks::commands {
namespace {

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

template <class Number> bool take(std::string_view text, Number& into) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), into);
    return end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

} // namespace

Result<TargetText> parse_target(std::string_view text) {
    if (text.empty()) {
        return Failure{std::string{"TARGET is empty; give a PID, a name, or PID@START"}};
    }
    const auto at = text.find('@');
    const auto pid_text = text.substr(0, at);
    const auto start_text = at == text.npos ? std::string_view{} : text.substr(at + 1);
    TargetText target;
    if (!is_digits(pid_text) || (at != text.npos && !is_digits(start_text))) {
        target.name = text;
        return target;
    }
    std::uint32_t pid = 0;
    std::uint64_t start = 0;
    if (!take(pid_text, pid) || pid == 0) {
        return Failure{std::string{pid_text} + " is not a PID; they go from 1 to 4194304"};
    }
    if (at != text.npos && !take(start_text, start)) {
        return Failure{std::string{start_text} + " is not a start time; tasks list --dead shows PID@START"};
    }
    target.pid = pid;
    target.start_time_ticks = at == text.npos ? std::nullopt : std::optional{start};
    return target;
}

} // namespace tasks::commands
