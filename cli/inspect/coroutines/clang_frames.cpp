#include "coroutines/clang_frames.hpp"

#include <algorithm>
#include <array>

#include "coroutines/frame_debug.hpp"

namespace tasks::inspect {

namespace {

struct Function {
    std::string_view word;
    SymbolRole role;
};
constexpr std::array functions{Function{".resume", SymbolRole::resume}, Function{".destroy", SymbolRole::destroy},
                               Function{".cleanup", SymbolRole::cleanup}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Fields without a variable are named after their type: "__int_32_2", "PointerType_0", "struct_task_1".
bool is_unnamed(std::string_view name) {
    for (const std::string_view start :
         {"__", "PointerType", "struct_", "class_", "union_", "UnknownType", "StructType", "FloatingPointType"})
        if (name.starts_with(start))
            return true;
    return name.empty();
}

void take_struct(FrameDebug& debug, Dwarf_Die& type, const std::vector<std::string>& arguments, FrameLayout& layout) {
    layout.size = debug.bytes_of(type);
    debug.for_each_member(type, [&](const StructMember& member) {
        if (member.name == "__promise")
            layout.promise = member.field;
        else if (member.name == "__coro_index")
            layout.index = {member.field.offset, std::max<std::uint32_t>(member.field.bytes, 1)};
        else if (!is_unnamed(member.name))
            layout.members.push_back({member.name, member.field, member.type,
                                      std::find(arguments.begin(), arguments.end(), member.name) != arguments.end(),
                                      -1});
    });
    layout.from_debug_information = layout.promise.has_value();
}

// The promise comes first, at what its own alignment asks for.
void take_promise_type(FrameDebug& debug, Dwarf_Die& function, FrameLayout& layout) {
    const auto promise = debug.variable(function, "__promise");
    auto type = promise ? debug.type_of(promise->die) : std::nullopt;
    const auto bytes = type ? debug.bytes_of(*type) : std::nullopt;
    if (!bytes || *bytes > FrameDebug::largest_frame)
        return;
    const auto offset = promise->frame_offset.value_or(
        std::max<std::uint32_t>(usual_promise_offset, debug.alignment_of(*type).value_or(0)));
    layout.promise = FrameField{offset, static_cast<std::uint32_t>(*bytes)};
    layout.from_debug_information = true;
}

void take_variables(FrameDebug& debug, Dwarf_Die& function, FrameLayout& layout) {
    debug.for_each_variable(function, [&](const FunctionVariable& variable) {
        if (!variable.frame_offset || is_unnamed(variable.name))
            return;
        for (const FrameMember& known : layout.members)
            if (known.name == variable.name)
                return;
        auto die = variable.die;
        auto type = debug.type_of(die);
        const auto bytes = type ? debug.bytes_of(*type) : std::nullopt;
        if (type && bytes && *bytes <= FrameDebug::largest_frame)
            layout.members.push_back({variable.name,
                                      {*variable.frame_offset, static_cast<std::uint32_t>(*bytes)},
                                      dwarf_dieoffset(&*type),
                                      variable.argument,
                                      -1});
    });
}

} // namespace

// Link-time optimization adds ".llvm.1234" or a number.
std::optional<CoroutineSymbol> ClangFrames::symbol(std::string_view name) const {
    for (const auto& [word, role] : functions) {
        const auto at = name.rfind(word);
        if (at == name.npos || at == 0)
            continue;
        const auto rest = name.substr(at + word.size());
        if (rest.empty() || rest.starts_with(".llvm.") || (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])))
            return CoroutineSymbol{role, name.substr(0, at), false};
        if (rest.starts_with(".cold") && role == SymbolRole::resume)
            return CoroutineSymbol{SymbolRole::resume_cold, name.substr(0, at), false};
    }
    return std::nullopt;
}

std::string ClangFrames::linkage_name(std::string_view stem) const {
    return std::string{stem.substr(0, stem.find('.'))};
}

FrameLayout ClangFrames::layout(FrameDebug& debug, const CoroutineCode& code) const {
    FrameLayout layout;
    auto function = debug.function_at(code.resume.start);
    auto ramp = code.ramp.size > 0 ? debug.function_at(code.ramp.start) : std::nullopt;
    const auto holder = function ? debug.variable(*function, "__coro_frame") : std::nullopt;
    if (auto type = holder ? debug.type_of(holder->die) : std::nullopt)
        take_struct(debug, *type, debug.parameters(ramp ? *ramp : *function), layout);
    if (!layout.promise && function)
        take_promise_type(debug, *function, layout);
    if (!layout.promise && ramp)
        take_promise_type(debug, *ramp, layout);
    if (layout.members.empty() && function)
        take_variables(debug, *function, layout);
    return layout;
}

} // namespace tasks::inspect
