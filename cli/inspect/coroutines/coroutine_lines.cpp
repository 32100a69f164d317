#include "coroutines/coroutine_lines.hpp"

#include <dwarf.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "symbols/die_name.hpp"
#include "symbols/source_path.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t most_rows = 1u << 18; ///< of one function
constexpr std::size_t most_awaits = 1u << 14;
constexpr std::size_t most_entries = 1u << 20;
constexpr int deepest = 64;

std::uint32_t number_in(Dwarf_Die& die, unsigned attribute) {
    Dwarf_Attribute found;
    Dwarf_Word value = 0;
    if (dwarf_attr_integrate(&die, attribute, &found) == nullptr || dwarf_formudata(&found, &value) != 0)
        return 0;
    return value > UINT32_MAX ? 0 : static_cast<std::uint32_t>(value);
}

std::string without_template_arguments(const char* name) {
    const std::string text = name == nullptr ? "" : std::string{name, ::strnlen(name, 4096)};
    return text.starts_with("operator") ? text : text.substr(0, text.find('<'));
}

// "scope::awaiter::await_suspend" without its last part.
std::string class_of(Dwarf_Die& function) {
    const std::string name = qualified_name(&function);
    const auto end = name.rfind("::");
    return end == std::string::npos ? "" : name.substr(0, end);
}

} // namespace

struct CoroutineLines::Unit {
    explicit Unit(Dwarf_Die skeleton, Dwarf_Die full)
        : lines_of(skeleton), die(full), scopes(full), directory(compiler_directory(skeleton)) {
        if (dwarf_getsrclines(&lines_of, &lines, &line_count) != 0)
            line_count = 0;
    }

    std::optional<Dwarf_Die> function_at(std::uint64_t address) const {
        const auto chain = scopes.at(address);
        if (chain.empty())
            return std::nullopt;
        Dwarf_Die last = chain.back();
        return dwarf_tag(&last) == DW_TAG_subprogram ? std::optional{last} : std::nullopt;
    }

    std::uint64_t address_of(std::size_t line) const {
        Dwarf_Addr address = 0;
        return dwarf_lineaddr(dwarf_onesrcline(lines, line), &address) == 0 ? address : 0;
    }

    /// The line table's own rows of that code; the line is 0 where it is of another file.
    void add_rows(const CodeRange& range, const char* file, std::vector<BodyRow>& into) const {
        std::size_t low = 0;
        std::size_t high = line_count;
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            (address_of(middle) < range.start ? low : high) = middle + (address_of(middle) < range.start ? 1 : 0);
        }
        if (low > 0 && (low == line_count || address_of(low) > range.start))
            --low;
        for (std::size_t i = low; i < line_count && into.size() < most_rows; ++i) {
            Dwarf_Line* line = dwarf_onesrcline(lines, i);
            const std::uint64_t address = address_of(i);
            if (address >= range.start + range.size)
                break;
            int number = 0;
            bool end = false;
            const char* source = dwarf_linesrc(line, nullptr, nullptr);
            dwarf_lineno(line, &number);
            dwarf_lineendsequence(line, &end);
            const bool own =
                !end && number > 0 && source != nullptr && file != nullptr && std::strcmp(source, file) == 0;
            into.push_back({std::max(address, range.start), own ? static_cast<std::uint32_t>(number) : 0});
        }
    }

    Dwarf_Die lines_of;
    Dwarf_Die die;
    CodeScopes scopes;
    std::string directory;
    Dwarf_Lines* lines = nullptr;
    std::size_t line_count = 0;
};

namespace {

/// The calls that are inlined into a function: which line of its body each stands on.
class InlinedCalls {
public:
    explicit InlinedCalls(Dwarf_Die function) { walk(function, 0, 0); }

    struct Call {
        std::uint64_t start;
        std::uint64_t end;
        std::uint32_t line;
    };
    std::vector<Call> outermost;
    std::vector<InlinedAwait> awaits;

private:
    void walk(Dwarf_Die& parent, int depth, int inlined) {
        Dwarf_Die child;
        if (depth > deepest || dwarf_child(&parent, &child) != 0)
            return;
        do {
            const int tag = dwarf_tag(&child);
            if (tag == DW_TAG_inlined_subroutine) {
                add(child, inlined == 0);
                walk(child, depth + 1, inlined + 1);
            } else if (tag == DW_TAG_lexical_block) {
                walk(child, depth + 1, inlined);
            }
        } while (++walked_ < most_entries && dwarf_siblingof(&child, &child) == 0);
    }

    void add(Dwarf_Die& call, bool in_body) {
        const std::uint32_t line = in_body ? number_in(call, DW_AT_call_line) : 0;
        const char* name = dwarf_diename(&call);
        const bool await = name != nullptr && std::strncmp(name, "await_", 6) == 0;
        const std::string awaiter = await && awaits.size() < most_awaits ? class_of(call) : "";
        Dwarf_Addr base = 0;
        Dwarf_Addr start = 0;
        Dwarf_Addr end = 0;
        for (ptrdiff_t at = 0;
             (at = dwarf_ranges(&call, at, &base, &start, &end)) > 0 && outermost.size() < most_rows;) {
            if (in_body)
                outermost.push_back({start, end, line});
            if (!awaiter.empty() && awaits.size() < most_awaits)
                awaits.push_back({start, end, line, name, awaiter});
        }
    }

    std::size_t walked_ = 0;
};

// Rows inside a call that is inlined into the body get the line of the call, and rows of their own where it begins.
void give_lines_of_calls(std::vector<BodyRow>& rows, std::vector<InlinedCalls::Call> calls) {
    std::vector<BodyRow> all;
    std::sort(calls.begin(), calls.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
    std::size_t call = 0;
    std::uint32_t outside = 0; ///< the line of the last row, whether or not it is in a call
    const auto in_calls = [&](std::uint64_t address) -> const InlinedCalls::Call* {
        const auto after = std::upper_bound(calls.begin(), calls.end(), address,
                                            [](std::uint64_t at, const auto& one) { return at < one.start; });
        for (auto it = after; it != calls.begin() && after - it < 8;)
            if (address < (--it)->end)
                return &*it;
        return nullptr;
    };
    for (const BodyRow& row : rows) {
        for (; call < calls.size() && calls[call].start < row.address; ++call) {
            if (!all.empty() && calls[call].start > all.back().address)
                all.push_back({calls[call].start, calls[call].line});
            if (calls[call].end < row.address)
                all.push_back({calls[call].end, outside});
        }
        const auto* inside = in_calls(row.address);
        outside = row.line;
        all.push_back({row.address, inside != nullptr ? inside->line : row.line});
    }
    std::stable_sort(all.begin(), all.end(), [](const BodyRow& a, const BodyRow& b) { return a.address < b.address; });
    rows = std::move(all);
}

} // namespace

std::size_t CoroutineBody::row_at(std::uint64_t address) const {
    const auto after = std::upper_bound(rows.begin(), rows.end(), address,
                                        [](std::uint64_t at, const BodyRow& row) { return at < row.address; });
    return after == rows.begin() ? rows.size() : static_cast<std::size_t>(after - rows.begin() - 1);
}

std::uint32_t CoroutineBody::line_at(std::uint64_t address) const {
    const std::size_t row = row_at(address);
    return row == rows.size() ? 0 : rows[row].line;
}

bool CoroutineBody::is_inside(std::uint32_t line) const {
    if (last_line == declared_line)
        return line == declared_line && line != 0;
    return line > declared_line && line < last_line;
}

CoroutineLines::CoroutineLines(ElfModule& module) : module_(module) {
    if (module.dwarf() != nullptr)
        index_ = std::make_unique<UnitIndex>(module.dwarf());
}

CoroutineLines::~CoroutineLines() = default;

CoroutineLines::Unit* CoroutineLines::unit_at(std::uint64_t address) {
    auto die = index_ ? index_->unit_at(address) : std::nullopt;
    if (!die)
        return nullptr;
    auto& kept = units_[dwarf_dieoffset(&*die)];
    if (!kept)
        kept = std::make_unique<Unit>(*die, module_.full_unit(*die));
    return kept.get();
}

std::optional<CoroutineBody> CoroutineLines::body_of(const CoroutineCode& code) {
    Unit* unit = unit_at(code.resume.start);
    if (unit == nullptr || unit->line_count == 0)
        return std::nullopt;
    CoroutineBody body;
    Dwarf_Line* first = dwarf_getsrc_die(&unit->lines_of, code.resume.start);
    const char* file = first == nullptr ? nullptr : dwarf_linesrc(first, nullptr, nullptr);
    int line = 0;
    if (first != nullptr && dwarf_lineno(first, &line) == 0 && line > 0)
        body.declared_line = static_cast<std::uint32_t>(line);
    std::vector<InlinedCalls::Call> calls;
    for (const CodeRange& range : {code.resume, code.ramp}) {
        auto function = range.start == 0 ? std::nullopt : unit->function_at(range.start);
        if (!function)
            continue;
        if (const std::uint32_t declared = number_in(*function, DW_AT_decl_line)) {
            body.declared_line = declared;
            body.declared_column = number_in(*function, DW_AT_decl_column);
            if (const char* declared_in = dwarf_decl_file(&*function))
                file = declared_in;
            body.name = without_template_arguments(dwarf_diename(&*function));
        }
        InlinedCalls found{*function};
        calls.insert(calls.end(), found.outermost.begin(), found.outermost.end());
        body.awaits.insert(body.awaits.end(), found.awaits.begin(), found.awaits.end());
    }
    body.file = tidy_path(file, unit->directory);
    for (const CodeRange& range : {code.resume, code.resume_cold, code.ramp})
        if (range.start != 0)
            unit->add_rows(range, file, body.rows);
    std::stable_sort(body.rows.begin(), body.rows.end(),
                     [](const BodyRow& a, const BodyRow& b) { return a.address < b.address; });
    give_lines_of_calls(body.rows, std::move(calls));
    for (const BodyRow& row : body.rows)
        body.last_line = std::max(body.last_line, row.line);
    return body;
}

} // namespace tasks::inspect
