#include "unwind/frame_table.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstdlib>

#include "unwind/elf_module.hpp"

namespace tasks::inspect {

namespace {

struct FreeFrame {
    void operator()(Dwarf_Frame* frame) const noexcept { std::free(frame); } // libdw: "FRAME is malloc'd"
};
using OwnedRow = std::unique_ptr<Dwarf_Frame, FreeFrame>;

OwnedRow frame_at(Dwarf_CFI* cfi, std::uint64_t address) {
    Dwarf_Frame* frame = nullptr;
    if (cfi == nullptr || dwarf_cfi_addrframe(cfi, address, &frame) != 0)
        return nullptr;
    return OwnedRow{frame};
}

bool copy(const Dwarf_Op* operations, std::size_t count, Expression& into) {
    if (count > longest_expression)
        return false;
    into.clear();
    for (std::size_t i = 0; i < count; ++i)
        into.push_back({operations[i].atom, operations[i].number, operations[i].number2});
    return true;
}

// CFA = register + offset, the form of nearly all rows, comes as one bregx or breg0...31.
bool read_cfa(Dwarf_Frame* frame, FrameRow& row) {
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    if (dwarf_frame_cfa(frame, &operations, &count) != 0 || count == 0)
        return false;
    const Dwarf_Op& first = operations[0];
    if (count == 1 && first.atom == DW_OP_bregx && first.number < x86_64::register_count) {
        row.cfa_register = static_cast<std::uint8_t>(first.number);
        row.cfa_offset = static_cast<std::int64_t>(first.number2);
        return true;
    }
    return copy(operations, count, row.cfa_expression);
}

// libdw words a rule as a location expression; the frequent forms are turned back into what they were.
bool as_simple_rule(const Dwarf_Op* operations, std::size_t count, RegisterRule& rule) {
    const bool is_value = operations[count - 1].atom == DW_OP_stack_value;
    const std::size_t length = is_value ? count - 1 : count;
    if (length == 1 && operations[0].atom == DW_OP_regx && !is_value) {
        rule.kind = RegisterRule::Kind::in_register;
        rule.offset = static_cast<std::int64_t>(operations[0].number);
        return operations[0].number < x86_64::register_count;
    }
    if (length < 1 || length > 2 || operations[0].atom != DW_OP_call_frame_cfa)
        return false;
    if (length == 2 && operations[1].atom != DW_OP_plus_uconst)
        return false;
    rule.kind = is_value ? RegisterRule::Kind::cfa_plus : RegisterRule::Kind::stored_at_cfa;
    rule.offset = length == 2 ? static_cast<std::int64_t>(operations[1].number) : 0;
    return true;
}

bool read_rule(Dwarf_Frame* frame, std::uint8_t number, FrameRow& row) {
    Dwarf_Op memory[3];
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    if (dwarf_frame_register(frame, number, memory, &operations, &count) != 0)
        return false;
    const std::uint32_t bit = 1u << number;
    if (count == 0) {
        const bool same = operations == nullptr;
        row.same = same ? row.same | bit : row.same & ~bit;
        if (number == x86_64::rip && !same)
            row.outermost = true;
        return true;
    }
    RegisterRule rule;
    rule.number = number;
    if (!as_simple_rule(operations, count, rule)) {
        rule.kind = RegisterRule::Kind::expression;
        if (!copy(operations, count, rule.expression))
            return false;
    }
    row.same &= ~bit;
    row.rules.push_back(std::move(rule));
    return true;
}

std::optional<FrameRow> row_of(Dwarf_Frame* frame) {
    FrameRow row;
    if (dwarf_frame_info(frame, nullptr, nullptr, &row.interrupted) != x86_64::rip)
        return std::nullopt;
    for (std::uint8_t number = 0; number < x86_64::register_count; ++number)
        if (!read_rule(frame, number, row))
            return std::nullopt;
    if (!row.outermost && !read_cfa(frame, row))
        return std::nullopt;
    return row;
}

} // namespace

FrameTable::Entry FrameTable::read(std::uint64_t pc, bool exact) {
    const auto place = modules_.find(pc);
    Entry entry{frame_pointer_row(), place.module != nullptr, false};
    if (place.elf == nullptr)
        return entry;
    const std::uint64_t address = pc - place.bias;
    if (place.elf->is_signal_return(address)) {
        entry.row = {};
        entry.row.signal_return = entry.row.interrupted = entry.by_table = true;
        return entry;
    }
    const std::uint64_t meant = exact ? address : address - 1;
    OwnedRow frame = frame_at(place.elf->frames(), meant);
    if (!frame)
        frame = frame_at(place.elf->debug_frames(), meant);
    auto row = frame ? row_of(frame.get()) : std::nullopt;
    if (row) {
        entry.row = std::move(*row);
        entry.by_table = true;
    } else if (!exact && place.elf->is_fiber_root(address)) {
        entry.row = {};
        entry.row.outermost = entry.by_table = true;
    }
    return entry;
}

const FrameTable::Entry& FrameTable::at(std::uint64_t pc, bool exact) {
    auto& kept = (exact ? exact_ : calls_)[pc];
    if (!kept)
        kept = std::make_unique<const Entry>(read(pc, exact));
    return *kept;
}

} // namespace tasks::inspect
