// Lines of one coroutine's body: which line of it an instruction belongs to, calls inlined into it left out. From the
// line table and the inlined calls of its debug information. Refers to the ElfModule. One thread at a time.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coroutines/coroutine_code.hpp"
#include "symbols/code_scopes.hpp"
#include "symbols/unit_index.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

/// A row of the line table that belongs to the coroutine's code.
struct BodyRow {
    std::uint64_t address = 0;
    std::uint32_t line = 0; ///< in the body; 0: none
};

/// A call of an awaiter's function that was inlined.
struct InlinedAwait {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint32_t line = 0; ///< of the body, where it is inlined into the body itself; else 0
    std::string function;   ///< await_suspend
    std::string awaiter;    ///< the class
};

/// The body of a coroutine as its debug information has it.
struct CoroutineBody {
    std::string file; ///< whole path; "" not known
    std::string name; ///< the function's own, without scopes and template arguments
    std::uint32_t declared_line = 0;
    std::uint32_t declared_column = 0; ///< clang does not tell
    std::uint32_t last_line = 0;       ///< the highest that any of its code has
    std::vector<BodyRow> rows;         ///< by address
    std::vector<InlinedAwait> awaits;

    /// The row that covers the address; rows.size(): none.
    std::size_t row_at(std::uint64_t address) const;
    std::uint32_t line_at(std::uint64_t address) const;
    /// Whether it can be the line of a suspend point: the function's head and its last brace stand for code that no
    /// line has.
    bool is_inside(std::uint32_t line) const;
};

/// The debug information of one module, as far as coroutines need it.
class CoroutineLines {
public:
    explicit CoroutineLines(ElfModule& module);
    ~CoroutineLines();

    /// Empty: no debug information for it.
    std::optional<CoroutineBody> body_of(const CoroutineCode& code);

private:
    struct Unit;
    Unit* unit_at(std::uint64_t address);

    ElfModule& module_;
    std::unique_ptr<UnitIndex> index_;
    std::map<Dwarf_Off, std::unique_ptr<Unit>> units_;
};

} // namespace tasks::inspect
