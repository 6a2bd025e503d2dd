using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Does something without the right to write into a folder, also where tests are run by root.</summary>
[SupportedOSPlatform("linux")]
internal static class OtherUser
{
    private const int Nobody = 65534;
    private const UnixFileMode ReadAndEnter =
        UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public static void Run(string folder, Action action)
    {
        var mode = File.GetUnixFileMode(folder);
        File.SetUnixFileMode(folder, ReadAndEnter);
        try
        {
            // Root may write anywhere; the user of file accesses is one of each thread, which ends with it.
            Exception? failure = null;
            var thread = new Thread(() =>
            {
                try
                {
                    _ = SetFileSystemUser(Nobody); // gives the user until now, and no error
                    action();
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            });
            thread.Start();
            thread.Join();
            if (failure is not null)
            {
                throw failure;
            }
        }
        finally
        {
            File.SetUnixFileMode(folder, mode);
        }
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    private static extern int SetFileSystemUser(int user);
}
