import com.sun.net.httpserver.HttpServer;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.util.logging.Logger;

/** A program with a few spans, which the Java agent makes of its HTTP calls to itself. */
public final class Shop {
  public static void main(String[] arguments) throws Exception {
    Logger log = Logger.getLogger("shop");
    log.info("application started");
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {
      exchange.sendResponseHeaders(204, -1);
      exchange.close();
    });
    server.start();
    URL url = new URL("http://127.0.0.1:" + server.getAddress().getPort() + "/order");
    for (int round = 0; round < 3; round++) {
      for (int number = 0; number < 2; number++) {
        HttpURLConnection call = (HttpURLConnection) url.openConnection();
        call.getResponseCode();
        call.disconnect();
        log.info("order " + round + "." + number + " taken");
      }
      Thread.sleep(1500);
    }
    server.stop(0);
    log.info("application stopped");
    System.exit(0);
  }
}
