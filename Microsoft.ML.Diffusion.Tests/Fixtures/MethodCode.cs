using System.Reflection;
using System.Reflection.Emit;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Reads the compiled code of methods, for tests of what a library may call.</summary>
internal static class MethodCode
{
    private const BindingFlags Own =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly OpCode[] _codes = [.. typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!)];

    private static readonly Dictionary<short, OpCode> _codeOf = _codes.ToDictionary(code => code.Value);

    /// <summary>All methods and constructors of an assembly, those that the compiler made included.</summary>
    public static IEnumerable<MethodBase> Methods(Assembly assembly) =>
        assembly.GetTypes().SelectMany(type => type.GetMethods(Own).Cast<MethodBase>().Concat(type.GetConstructors(Own)));

    /// <summary>The methods that one calls, makes objects with, or takes a delegate of.</summary>
    public static IEnumerable<MethodBase> Called(MethodBase method) =>
        from instruction in Instructions(method)
        where instruction.Code.OperandType == OperandType.InlineMethod
        let called = Resolve(method, instruction.Operand)
        where called is not null
        select called;

    public static MethodBase? Resolve(MethodBase method, int token) => method.Module.ResolveMethod(token, OfType(method), OfMethod(method));

    public static Type ResolveType(MethodBase method, int token) => method.Module.ResolveType(token, OfType(method), OfMethod(method));

    public static MemberInfo? ResolveMember(MethodBase method, int token) =>
        method.Module.ResolveMember(token, OfType(method), OfMethod(method));

    private static Type[]? OfType(MethodBase method) =>
        method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;

    private static Type[]? OfMethod(MethodBase method) => method.IsGenericMethod ? method.GetGenericArguments() : null;

    /// <summary>Reads the instructions of a method with their operands, as far as these are a local or a token.</summary>
    public static IEnumerable<(OpCode Code, int Operand)> Instructions(MethodBase method)
    {
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xFE ? unchecked((short)(0xFE00 | code[at + 1])) : code[at];
            var instruction = _codeOf[value];
            at += instruction.Size;
            var size = instruction.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
            yield return (instruction, size switch
            {
                1 => code[at],
                2 => BitConverter.ToUInt16(code, at),
                4 => BitConverter.ToInt32(code, at),
                _ => 0,
            });
            at += size;
        }
    }
}
