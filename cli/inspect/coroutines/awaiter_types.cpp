#include "coroutines/awaiter_types.hpp"

#include <dwarf.h>

#include <algorithm>
#include <cstring>

#include "symbols/demangled_name.hpp"
#include "symbols/die_attributes.hpp"
#include "symbols/die_name.hpp"

namespace tasks::inspect {

namespace {

constexpr int most_references = 8;
constexpr int most_instructions = 48; ///< behind a store
constexpr std::uint64_t near = 200;   ///< bytes of code
constexpr std::size_t longest_wrapper = 256;

std::string type_name(Dwarf* debug, std::uint64_t offset) {
    Dwarf_Die die;
    if (debug == nullptr || offset == 0 || dwarf_offdie(debug, offset, &die) == nullptr)
        return {};
    for (int i = 0; i < most_references; ++i) {
        const int tag = dwarf_tag(&die);
        if (tag != DW_TAG_const_type && tag != DW_TAG_reference_type && tag != DW_TAG_rvalue_reference_type &&
            tag != DW_TAG_pointer_type)
            break;
        if (!follow(die, DW_AT_type))
            return {};
    }
    return qualified_name(&die);
}

// g++ numbers the awaiters in the frame in source order; where it left some out, none is sure.
void take_members(const std::vector<CodePoint>& points, const AwaiterSources& from, std::vector<AwaiterType>& into) {
    if (from.layout == nullptr)
        return;
    std::vector<const FrameMember*> awaiters;
    for (const FrameMember& member : from.layout->members)
        if (member.await_number >= 0)
            awaiters.push_back(&member);
    std::stable_sort(awaiters.begin(), awaiters.end(),
                     [](const FrameMember* a, const FrameMember* b) { return a->await_number < b->await_number; });
    const auto awaits = std::count_if(points.begin(), points.end(),
                                      [](const CodePoint& point) { return point.kind == PointKind::await; });
    if (static_cast<std::size_t>(awaits) != awaiters.size())
        return;
    std::size_t next = 0;
    for (std::size_t i = 0; i < points.size(); ++i)
        if (points[i].kind == PointKind::await)
            into[i].name = type_name(from.debug, awaiters[next++]->type);
}

// "ns::timer<int>" of "void ns::timer<int>::await_suspend<promise>(...)".
std::string class_of_call(const char* symbol) {
    const std::string name = symbol == nullptr ? "" : demangled_name(symbol);
    const auto end = name.find("::await_suspend");
    if (end == std::string::npos || name.find("await_suspend_wrapper") != std::string::npos)
        return {};
    std::size_t start = 0;
    int depth = 0;
    for (std::size_t i = 0; i < end; ++i) {
        depth += name[i] == '<' || name[i] == '(' ? 1 : name[i] == '>' || name[i] == ')' ? -1 : 0;
        if (name[i] == ' ' && depth == 0)
            start = i + 1;
    }
    return name.substr(start, end - start);
}

bool is_store_of_index(const std::vector<CodePoint>& points, std::uint64_t address) {
    for (const CodePoint& point : points)
        for (const IndexStore& store : point.stores)
            if (store.stored_at == address)
                return true;
    return false;
}

// From clang 19 on, unoptimized code calls await_suspend in a function of its own, which has no symbol.
std::string called_in_wrapper(const FunctionCode& code, std::uint64_t wrapper, const SymbolTable& symbols) {
    for (const Instruction& one : code.other(wrapper, longest_wrapper)) {
        if (one.operation == Operation::call && one.to.kind == Operand::Kind::constant)
            if (std::string name = class_of_call(symbols.name_at(static_cast<std::uint64_t>(one.to.number)));
                !name.empty())
                return name;
        if (one.operation == Operation::stop)
            break;
    }
    return {};
}

std::string class_called(const FunctionCode& code, std::uint64_t target, const SymbolTable& symbols) {
    const char* symbol = symbols.name_at(target);
    const bool is_wrapper = symbol == nullptr || std::strstr(symbol, "await_suspend_wrapper") != nullptr;
    return is_wrapper ? called_in_wrapper(code, target, symbols) : class_of_call(symbol);
}

std::string called_behind(const FunctionCode& code, const std::vector<CodePoint>& points, std::uint64_t store,
                          const SymbolTable& symbols) {
    const Instruction* at = code.at(store);
    for (int n = 0; n < most_instructions && at != nullptr; ++n) {
        std::uint64_t next = at->next();
        const bool jumps = at->operation == Operation::jump;
        if (jumps || at->operation == Operation::call) {
            if (at->to.kind != Operand::Kind::constant && jumps)
                return {};
            const auto target = static_cast<std::uint64_t>(at->to.number);
            if (at->to.kind == Operand::Kind::constant && !code.is_resume(target))
                if (std::string name = class_called(code, target, symbols); !name.empty())
                    return name;
            if (jumps)
                next = target;
        }
        if (at->operation == Operation::stop || (n > 0 && is_store_of_index(points, at->address)))
            return {};
        at = code.at(next);
    }
    return {};
}

void take_calls(const FunctionCode& code, const std::vector<CodePoint>& points, const SymbolTable& symbols,
                std::vector<AwaiterType>& into) {
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (points[i].kind != PointKind::await || !into[i].name.empty())
            continue;
        for (const IndexStore& store : points[i].stores)
            if (into[i].name.empty() && !store.merged)
                into[i].name = called_behind(code, points, store.stored_at, symbols);
    }
}

bool is_of_promise(const InlinedAwait& await) {
    return await.awaiter.find("promise") != std::string::npos || await.awaiter.starts_with("std::");
}

// The nearest to the store, of those that are inlined on the point's line.
std::string inlined_at(const CoroutineBody& body, const CodePoint& point, std::uint32_t line) {
    std::string found;
    std::uint64_t best = near;
    for (const InlinedAwait& await : body.awaits) {
        if (is_of_promise(await) || line == 0 || await.line != line)
            continue;
        for (const IndexStore& store : point.stores) {
            const std::uint64_t at = store.address;
            const std::uint64_t distance = at >= await.start && at < await.end ? 0
                                           : at < await.start                  ? await.start - at
                                                                               : at - await.end + 8;
            if (distance < best) {
                best = distance;
                found = await.awaiter;
            }
        }
    }
    return found;
}

} // namespace

std::vector<AwaiterType> awaiter_types(const FunctionCode& code, const std::vector<CodePoint>& points,
                                       const std::vector<std::uint32_t>& lines, const AwaiterSources& from) {
    std::vector<AwaiterType> types(points.size());
    take_members(points, from, types);
    if (from.symbols != nullptr)
        take_calls(code, points, *from.symbols, types);
    for (std::size_t i = 0; from.body != nullptr && i < points.size(); ++i)
        if (points[i].kind == PointKind::await && types[i].name.empty())
            types[i] = {inlined_at(*from.body, points[i], lines[i]), true};
    for (AwaiterType& type : types)
        type.inferred = type.inferred && !type.name.empty();
    return types;
}

} // namespace tasks::inspect
