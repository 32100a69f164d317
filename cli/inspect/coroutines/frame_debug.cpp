#include "coroutines/frame_debug.hpp"

#include <algorithm>
#include <cstring>

#include "symbols/die_attributes.hpp"

namespace tasks::inspect {

namespace {

constexpr int most_typedefs = 32;
constexpr std::size_t most_children = 100'000;
constexpr std::size_t most_members = 4'096;
constexpr std::size_t longest_name = 256;
constexpr std::size_t longest_path = 4096;
constexpr int deepest_block = 64;

std::string name_of(Dwarf_Die& die) { return own_name(die, longest_name); }

// Calls `visit` for each child until it returns false.
template <class Visit> bool for_each_child(Dwarf_Die parent, Visit&& visit) {
    Dwarf_Die child;
    if (dwarf_child(&parent, &child) != 0)
        return true;
    for (std::size_t i = 0; i < most_children; ++i) {
        if (!visit(child))
            return false;
        if (dwarf_siblingof(&child, &child) != 0)
            break;
    }
    return true;
}

// The function itself, then what it was made of: arguments may stand in either.
template <class Visit> void for_each_origin(Dwarf_Die function, Visit&& visit) {
    for (int i = 0; i < most_declarations; ++i)
        if (!visit(function) || !follow_declaration(function))
            return;
}

std::optional<std::uint64_t> member_offset(Dwarf_Die& member) {
    if (const auto offset = number_of(member, DW_AT_data_member_location))
        return offset;
    if (const auto bits = number_of(member, DW_AT_data_bit_offset))
        return *bits / 8;
    return std::nullopt;
}

// The first argument of a function is in rdi (System V ABI, x86-64 psABI 3.2.3), DWARF's register 5.
std::optional<std::uint32_t> offset_from_first_argument(const Dwarf_Op* operations, std::size_t count) {
    const auto checked = [](std::uint64_t offset) {
        return offset < FrameDebug::largest_frame ? std::optional{static_cast<std::uint32_t>(offset)} : std::nullopt;
    };
    if (count == 1 && operations[0].atom == DW_OP_breg5)
        return checked(operations[0].number);
    if (count == 2 && (operations[0].atom == DW_OP_entry_value || operations[0].atom == DW_OP_GNU_entry_value) &&
        operations[1].atom == DW_OP_plus_uconst)
        return checked(operations[1].number);
    return std::nullopt;
}

// As it is where the function begins: later that register may hold anything.
std::optional<std::uint32_t> frame_offset(Dwarf_Die& variable, Dwarf_Addr entry) {
    Dwarf_Attribute location;
    if (dwarf_attr_integrate(&variable, DW_AT_location, &location) == nullptr)
        return std::nullopt;
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    ptrdiff_t at = 0;
    for (int i = 0; i < 64 && (at = dwarf_getlocations(&location, at, &base, &start, &end, &operations, &count)) > 0;
         ++i)
        if (start <= entry && entry < end)
            return offset_from_first_argument(operations, count);
    return std::nullopt;
}

struct VariableWalk {
    const std::function<void(const FunctionVariable&)>& visit;
    Dwarf_Addr entry = 0;
    std::size_t left = most_children;

    void in(Dwarf_Die block, int depth) {
        for_each_child(block, [&](Dwarf_Die& child) {
            const int tag = dwarf_tag(&child);
            if (tag == DW_TAG_lexical_block && depth < deepest_block)
                in(child, depth + 1);
            else if (tag == DW_TAG_formal_parameter || tag == DW_TAG_variable)
                visit({name_of(child), child, tag == DW_TAG_formal_parameter, frame_offset(child, entry)});
            left -= left > 0 ? 1 : 0;
            return left > 0;
        });
    }
};

} // namespace

std::optional<Dwarf_Die> FrameDebug::function_at(std::uint64_t address) {
    Dwarf* dwarf = module_.dwarf();
    if (dwarf == nullptr)
        return std::nullopt;
    if (!units_)
        units_.emplace(dwarf);
    auto unit = units_->unit_at(address);
    if (!unit)
        return std::nullopt;
    const auto offset = dwarf_dieoffset(&*unit);
    auto known = scopes_.find(offset);
    if (known == scopes_.end())
        known = scopes_.emplace(offset, CodeScopes{module_.full_unit(*unit)}).first;
    const auto chain = known->second.at(address);
    return chain.empty() ? std::nullopt : std::optional{chain.back()};
}

std::optional<Dwarf_Die> FrameDebug::type_of(Dwarf_Die die) const {
    Dwarf_Attribute attribute;
    Dwarf_Die type;
    if (dwarf_attr_integrate(&die, DW_AT_type, &attribute) == nullptr ||
        dwarf_formref_die(&attribute, &type) == nullptr)
        return std::nullopt;
    for (int i = 0; i < most_typedefs; ++i) {
        const int tag = dwarf_tag(&type);
        if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type &&
            tag != DW_TAG_atomic_type)
            return type;
        if (!follow(type, DW_AT_type))
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> FrameDebug::bytes_of(Dwarf_Die type) const {
    switch (dwarf_tag(&type)) {
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
        return 8;
    default:
        return number_of(type, DW_AT_byte_size);
    }
}

std::optional<std::uint32_t> FrameDebug::alignment_of(Dwarf_Die type) const {
    const auto alignment = number_of(type, DW_AT_alignment);
    return alignment && *alignment <= 4096 && (*alignment & (*alignment - 1)) == 0
               ? std::optional{static_cast<std::uint32_t>(*alignment)}
               : std::nullopt;
}

std::optional<Dwarf_Die> FrameDebug::pointed_to(Dwarf_Die function, int tag, const char* name) const {
    std::optional<Dwarf_Die> found;
    for_each_origin(function, [&](Dwarf_Die& origin) {
        for_each_child(origin, [&](Dwarf_Die& child) {
            if (dwarf_tag(&child) != tag)
                return true;
            const char* own = dwarf_diename(&child);
            if (own == nullptr || std::strcmp(own, name) != 0)
                return true;
            const auto pointer = type_of(child);
            if (pointer)
                found = type_of(*pointer);
            return false;
        });
        return !found;
    });
    return found;
}

void FrameDebug::for_each_variable(Dwarf_Die function,
                                   const std::function<void(const FunctionVariable&)>& visit) const {
    Dwarf_Addr entry = 0;
    dwarf_entrypc(&function, &entry);
    VariableWalk{visit, entry}.in(function, 0);
}

std::optional<FunctionVariable> FrameDebug::variable(Dwarf_Die function, const char* name) const {
    std::optional<FunctionVariable> found;
    for_each_variable(function, [&](const FunctionVariable& variable) {
        if (!found && variable.name == name)
            found = variable;
    });
    return found;
}

std::vector<std::string> FrameDebug::parameters(Dwarf_Die function) const {
    std::vector<std::string> names;
    for_each_child(function, [&](Dwarf_Die& child) {
        if (dwarf_tag(&child) == DW_TAG_formal_parameter)
            names.push_back(name_of(child));
        return names.size() < most_members;
    });
    return names;
}

void FrameDebug::for_each_member(Dwarf_Die type, const std::function<void(const StructMember&)>& visit) const {
    std::size_t left = most_members;
    for_each_child(type, [&](Dwarf_Die& child) {
        if (dwarf_tag(&child) != DW_TAG_member)
            return true;
        const auto offset = member_offset(child);
        auto member_type = type_of(child);
        const std::uint64_t bytes = member_type ? bytes_of(*member_type).value_or(0) : 0;
        if (offset && *offset < largest_frame && bytes < largest_frame)
            visit({name_of(child),
                   {static_cast<std::uint32_t>(*offset), static_cast<std::uint32_t>(bytes)},
                   member_type ? dwarf_dieoffset(&*member_type) : 0});
        return --left > 0;
    });
}

FrameDebug::Declaration FrameDebug::declaration(Dwarf_Die function) const {
    Declaration declaration;
    int line = 0;
    if (dwarf_decl_line(&function, &line) == 0 && line > 0)
        declaration.line = static_cast<std::uint32_t>(line);
    if (const char* file = dwarf_decl_file(&function))
        declaration.file.assign(file, ::strnlen(file, longest_path));
    return declaration;
}

} // namespace tasks::inspect
