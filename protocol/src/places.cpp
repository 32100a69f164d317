#include <tasks/protocol/places.hpp>

#include <algorithm>
#include <charconv>

namespace tasks::protocol {

namespace {

constexpr std::size_t longest_path = 4095; // PATH_MAX without its final 0: no longer one can be opened

// The value as the beginning of a path; nothing for what is unset, relative or no path at all.
std::optional<std::string> directory(const Environment& environment, std::string_view variable) {
    auto value = environment(variable);
    if (!value || !value->starts_with('/') || value->size() > longest_path || value->find('\0') != std::string::npos)
        return std::nullopt;
    while (value->ends_with('/'))
        value->pop_back();
    return value;
}

std::optional<std::string> first_entry(const Environment& environment, std::string_view variable) {
    return directory(
        [&](std::string_view name) -> std::optional<std::string> {
            const auto entries = environment(name);
            return entries ? std::optional{entries->substr(0, entries->find(':'))} : std::nullopt;
        },
        variable);
}

// A number as instance_name writes it: no sign, no blank, no leading zero.
template <class Number> bool parse_decimal(std::string_view text, Number& number) {
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stopped == end && (text == "0" || text.front() != '0');
}

std::optional<PlacedFile> cut_suffix(std::string_view& name) {
    for (const auto& [suffix, file] : {std::pair{socket_suffix, PlacedFile::socket}, {table_suffix, PlacedFile::table}})
        if (name.ends_with(suffix)) {
            name.remove_suffix(suffix.size());
            return file;
        }
    return std::nullopt;
}

} // namespace

std::vector<std::string> places(const Environment& environment, std::uint32_t uid) {
    if (const auto chosen = directory(environment, "TASKS_DIR"))
        return {chosen->empty() ? "/" : *chosen};
    const auto user = std::to_string(uid);
    std::vector<std::string> found;
    const auto add = [&](std::string path) {
        if (std::find(found.begin(), found.end(), path) == found.end())
            found.push_back(std::move(path));
    };
    if (const auto first = first_entry(environment, "RUNTIME_DIRECTORY"); first && !first->empty())
        add(*first);
    if (const auto runtime = directory(environment, "XDG_RUNTIME_DIR"))
        add(*runtime + "/tasks");
    add("/run/user/" + user + "/tasks");
    add("/dev/shm/tasks-" + user);
    if (const auto temporary = directory(environment, "TMPDIR"))
        add(*temporary + "/tasks-" + user);
    add("/tmp/tasks-" + user);
    return found;
}

std::string instance_name(std::uint32_t pid, std::uint64_t start_time_ticks) {
    return std::to_string(pid) + "-" + std::to_string(start_time_ticks);
}

std::optional<InstanceName> parse_instance_name(std::string_view file_name) {
    const auto file = cut_suffix(file_name);
    const auto dash = file_name.find('-');
    if (!file || dash == std::string_view::npos)
        return std::nullopt;
    InstanceName name{.file = *file};
    if (!parse_decimal(file_name.substr(0, dash), name.pid) || name.pid == 0 ||
        !parse_decimal(file_name.substr(dash + 1), name.start_time_ticks))
        return std::nullopt;
    return name;
}

} // namespace tasks::protocol
