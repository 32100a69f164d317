#include "coroutines/gcc_frames.hpp"

#include <charconv>

#include "coroutines/frame_debug.hpp"

namespace tasks::inspect {

namespace {

constexpr std::string_view frame_word = ".Frame";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view leading_word(std::string_view& text) {
    const auto dot = text.find('.');
    const auto word = text.substr(0, dot);
    text.remove_prefix(dot == text.npos ? text.size() : dot + 1);
    return word;
}

// Whether the decimal number that ends right before `at` is, or ends with, `wanted`: names of scopes may end in digits.
bool follows_number(std::string_view text, std::size_t at, std::size_t wanted) {
    std::size_t start = at;
    while (start > 0 && is_digit(text[start - 1]))
        --start;
    const std::string number = std::to_string(wanted);
    return text.substr(start, at - start).ends_with(number);
}

// "buf_1_2" is `buf` of the second block, one deep.
std::string_view without_numbers(std::string_view name) {
    for (int i = 0; i < 2; ++i) {
        const auto bar = name.rfind('_');
        if (bar == name.npos || bar == 0 || bar + 1 == name.size())
            return name;
        for (const char c : name.substr(bar + 1))
            if (!is_digit(c))
                return name;
        name = name.substr(0, bar);
    }
    return name;
}

// "Aw3_1_7", "Yd0_2_1": the awaiter of that co_await or co_yield.
std::int32_t await_number(std::string_view name) {
    std::int32_t number = -1;
    if ((name.starts_with("Aw") || name.starts_with("Yd")) && name.size() > 2 && is_digit(name[2]))
        std::from_chars(name.data() + 2, name.data() + name.size(), number);
    return number;
}

// What the compiler adds: temporaries have a number ("D.1234", "T001"), its own things two capitals.
bool is_temporary(std::string_view name) {
    const auto numbered = [name](std::string_view start) {
        return name.starts_with(start) && name.size() > start.size() && is_digit(name[start.size()]);
    };
    return name.empty() || name.find('.') != name.npos || name.starts_with("_Coro_") || numbered("Is_") ||
           numbered("Fs_") || numbered("T0") || numbered("_T") || name.starts_with("__");
}

struct Layout {
    FrameLayout layout;
    bool arguments = false; ///< the next members are

    void add(const StructMember& member) {
        if (member.name == "_Coro_promise") {
            layout.promise = member.field;
        } else if (member.name == "_Coro_self_handle") {
            arguments = true;
        } else if (member.name == "_Coro_resume_index") {
            layout.index = member.field;
            arguments = false;
        } else if (const auto number = await_number(member.name); number >= 0 && !arguments) {
            layout.members.push_back({member.name, member.field, member.type, false, number});
        } else if (!is_temporary(member.name)) {
            const auto name = arguments ? std::string_view{member.name} : without_numbers(member.name);
            if (!is_temporary(name))
                layout.members.push_back({std::string{name}, member.field, member.type, arguments, -1});
        }
    }
};

} // namespace

std::optional<CoroutineSymbol> GccFrames::symbol(std::string_view name) const {
    const auto at = name.rfind(".Frame.");
    if (at == name.npos || at == 0)
        return std::nullopt;
    const auto stem = name.substr(0, at + frame_word.size());
    auto rest = name.substr(stem.size() + 1);
    const auto function = leading_word(rest);
    const bool actor = function == "actor";
    if (!actor && function != "destroy")
        return std::nullopt;
    bool clone = false;
    while (!rest.empty()) { // .actor.lto_priv.0.cold
        const auto word = leading_word(rest);
        if (word == "cold")
            return actor ? std::optional{CoroutineSymbol{SymbolRole::resume_cold, stem, clone}} : std::nullopt;
        clone = clone || word == "constprop" || word == "isra" || word == "part";
    }
    return CoroutineSymbol{actor ? SymbolRole::resume : SymbolRole::destroy, stem, clone};
}

// The frame's type is a local one of the function, so that the stem is a mangled name with "20_ZN1S6memberEi.Frame" at
// its end: the length and the name of the type.
std::string GccFrames::linkage_name(std::string_view stem) const {
    std::size_t at = stem.find("_Z", 1);
    for (; at != stem.npos; at = stem.find("_Z", at + 1))
        if (follows_number(stem, at, stem.size() - at))
            break;
    if (at == stem.npos)
        at = stem.rfind("_Z");
    if (at == stem.npos)
        at = 0;
    const auto name = stem.substr(at);
    return std::string{name.ends_with(frame_word) ? name.substr(0, name.size() - frame_word.size()) : name};
}

FrameLayout GccFrames::layout(FrameDebug& debug, const CoroutineCode& code) const {
    const auto function = debug.function_at(code.resume.start);
    if (!function)
        return {};
    auto type = debug.pointed_to(*function, DW_TAG_formal_parameter, "frame_ptr");
    if (!type)
        return {};
    Layout made;
    made.layout.size = debug.bytes_of(*type);
    debug.for_each_member(*type, [&made](const StructMember& member) { made.add(member); });
    made.layout.from_debug_information = made.layout.index.has_value();
    return made.layout.from_debug_information ? made.layout : FrameLayout{};
}

// The self handle comes behind the promise.
std::optional<std::uint32_t> GccFrames::promise_end(std::uint64_t frame, std::span<const std::uint64_t> words) const {
    constexpr std::size_t first = usual_promise_offset / 8;
    for (std::size_t i = first; i < words.size(); ++i)
        if (words[i] == frame)
            return static_cast<std::uint32_t>(i * 8);
    return std::nullopt;
}

} // namespace tasks::inspect
